"""Default paths of this machine, for commands that name none."""

import os
from pathlib import Path

import platformdirs

DEFAULT_RESULTS = Path("results")
"""The store, in the folder that a command is started in."""

MASKS_FOLDER = "masks"
"""Of a cache: observed labels, drawn once."""


def default_cache() -> Path:
    """Drawn images and frozen features; shared by all stores. `BENCH_CACHE` moves it."""
    return Path(os.environ.get("BENCH_CACHE") or platformdirs.user_cache_dir("missing-label-bench"))
