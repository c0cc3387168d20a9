"""The rows of `bench ls`, kept in the cache until a source file changes: importing all methods takes seconds."""

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import bench
from bench.records.names import printable
from bench.settings import plugins
from bench.system.files import read_json, write_json
from bench.system.origin import PROGRAM
from bench.system.paths import default_cache

Rows = list[dict[str, Any]]


def remembered(axis: str, make: Callable[[], tuple[Rows, bool]]) -> Rows:
    """The axis's rows as they were kept, or as `make` gives them, with whether they are whole and may be kept.

    With plugins, whose sources lie anywhere, nothing is kept.
    """
    if plugins.any_plugin():
        return make()[0]
    path = default_cache() / "catalogue" / f"{axis}.json"
    state = _state()
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = printable(read_json(path))
        if kept["state"] == state and all(isinstance(row, dict) for row in kept["rows"]):
            return list(kept["rows"])
    rows, whole = make()
    if whole:
        with suppress(OSError):  # a cache that may only be read
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"state": state, "rows": rows})
    return rows


def _state() -> str:
    """A hash of size and time of every source file."""
    root = Path(bench.__file__).parents[1]
    files = [[str(path), stat.st_size, stat.st_mtime_ns] for path in _sources(root) if (stat := path.stat())]
    return hashlib.sha256(json.dumps([sys.version, files]).encode()).hexdigest()


def _sources(root: Path) -> Sequence[Path]:
    return sorted(
        path for package in PROGRAM for kind in ("py", "toml") for path in (root / package).rglob(f"*.{kind}")
    )
