"""Options that several commands share, and where results and caches live by default."""

import os
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

Results = Annotated[
    Path, typer.Option("--results", help="The store: a folder of finished cells.", envvar="BENCH_RESULTS")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks instead of one-sentence errors.")]
SweepId = Annotated[str | None, typer.Option("--sweep", help="A sweep's id; the newest by default.")]
TrackingUri = Annotated[str | None, typer.Option(help="An MLflow server; by default the store's own database.")]

DEFAULT_RESULTS = Path("results")


def default_cache() -> Path:
    """Drawn images and frozen features; shared by all stores. `BENCH_CACHE` moves it."""
    return Path(os.environ.get("BENCH_CACHE") or platformdirs.user_cache_dir("missing-label-bench"))


def names(text: str) -> tuple[str, ...]:
    """`"a,b"` -> `("a", "b")`, in the given order, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
