"""A victim beside a store: files that no command over the store may touch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.records.store import Store


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every path below the folder with its bytes, None for a folder."""
    paths = sorted(folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in paths}


@contextmanager
def untouched(*folders: Path) -> Iterator[None]:
    """Fails if anything in the folders is other after the block than before."""
    before = [contents(folder) for folder in folders]
    yield
    assert [contents(folder) for folder in folders] == before


def make_victim(folder: Path) -> Path:
    """A folder with all that a report would overwrite or delete in it."""
    for name in ("report.md", "results.csv", "cells/keep.html", "row.json", "weights.safetensors", "error.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"the victim's {name}")
    return folder


def rewrite_sweep(store: Store, **changes) -> None:
    """Change the record of the store's only sweep, as whoever packed the store might."""
    [path] = (store.root / "sweeps").glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
