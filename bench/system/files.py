"""Files that are either whole or absent: written beside their place, then moved into it."""

import io
import json
import os
import re
import struct
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np

from bench.errors import DataError

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}")
"""How `atomic` calls a file that is being written."""

DAMAGED_ARRAYS = (
    *(ValueError, LookupError, EOFError, AttributeError, TypeError, RuntimeError, OverflowError, MemoryError),
    *(SyntaxError, TokenError, NotImplementedError, struct.error, zipfile.BadZipFile, zlib.error),
)
"""What numpy and zipfile raise of a file that is damaged or holds something else."""
NO_ARRAYS = (OSError, *DAMAGED_ARRAYS)
"""The same, and what is raised of a file that is absent."""


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes its place at `path` only if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: its files are for their owner's eyes only, and stores and caches are shared.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a failed write does not name the file
        raise


def write_text(path: Path, text: str) -> None:
    with atomic(path) as file:
        file.write(text.encode())


def write_json(path: Path, data: Any) -> None:
    """Readable JSON; NaN is refused, since not every reader takes it."""
    write_text(path, json.dumps(data, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """What a JSON file holds; ValueError if it is none."""
    try:
        return json.loads(path.read_text())
    except RecursionError:
        raise ValueError("its brackets are nested too deeply") from None


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    with atomic(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


@contextmanager
def read_arrays(path: Path, content: bytes | None = None) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of an .npz file by name, numbers and strings alone; DataError if it is damaged or holds more.

    content: what the file holds, where it has been read already.
    """
    try:
        with np.load(path if content is None else io.BytesIO(content), allow_pickle=False) as arrays:
            yield arrays
    except DAMAGED_ARRAYS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path} is no file of plain arrays ({reason}); make it again with the command that did."
        ) from None


def leftovers(folder: Path) -> list[Path]:
    """What processes that write now, or were killed while writing, have in a folder beside its files."""
    return [path for path in folder.glob(".*") if _TEMPORARY.fullmatch(path.name)]


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed while writing left in a folder; call it under the folder's lock."""
    for path in leftovers(folder):
        with suppress(OSError):
            path.unlink()


def read_json_lines(path: Path, parse: Callable[[str], Any] = json.loads) -> list[Any]:
    """One record a line; a last line that was cut off by a kill is left out."""
    if not path.exists():
        return []
    return [parse(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
