"""A cell's files as they travel between machines."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.errors import DataError
from bench.records.layout import CHECKPOINT_FILE, WEIGHTS_FILE
from bench.records.paths import inside
from bench.system.files import atomic

CellFiles = dict[str, bytes]
"""File contents by their path inside the cell's folder."""

RESUME = ("curve.jsonl", "checkpoint/code", CHECKPOINT_FILE)
"""The files from which a training is resumed."""

RESULT = ("scores.npz", WEIGHTS_FILE, "curve.jsonl", "log.txt", "error.txt", "row.json")
"""What a training leaves; the row, which makes the cell done, comes last."""


def pack(folder: Path, names: Iterable[str]) -> CellFiles:
    """The contents of the files that exist, by name."""
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files, each whole, in the order in which they were packed; DataError for any but a cell's own."""
    for name, content in files.items():
        if name not in {*RESUME, *RESULT}:
            raise DataError(f"a node sent the file {name!r}, which no training leaves; install the same version there.")
        with atomic(inside(folder, name)) as file:
            file.write(content)
