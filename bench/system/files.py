"""Files that are either whole or absent: written beside their place, then moved into it."""

import json
import os
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bench.errors import DataError

NO_ARRAYS = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a file of arrays raises that is absent, damaged or another program's."""


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
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    with atomic(path) as file:
        file.write(text.encode())


def write_json(path: Path, data: Any) -> None:
    """Readable JSON; NaN is refused, since not every reader takes it."""
    write_text(path, json.dumps(data, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    with atomic(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


@contextmanager
def read_arrays(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of an .npz file by name, numbers and strings alone; DataError if it is damaged or holds more."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except (ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path} is no file of plain arrays ({why}); make it again with the command that did."
        ) from None


def read_lines(path: Path, parse: Callable[[str], Any] = json.loads) -> list[Any]:
    """One record a line; a last line that was cut off by a kill is left out."""
    if not path.exists():
        return []
    return [parse(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
