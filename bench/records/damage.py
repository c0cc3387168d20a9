"""A store's files read back: what is damaged, foreign or of another cell is named in one sentence.

What is guaranteed: `row.json` carries a SHA-256 of itself and of the cell's scores, curve and weights, taken when the
cell was finished. A row that was changed does not count, and its cell is trained again; changed scores, curves and
weights are never returned. Rows of older versions, which have no checksum, are judged by their form.
"""

import functools
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bench.errors import DataError
from bench.records.cells import Cell
from bench.records.names import printable
from bench.records.rows import Row
from bench.records.sealed import MALFORMED, cell_of, row_of
from bench.records.warnings import warn_once
from bench.system.files import read_json

_T = TypeVar("_T")


def read_cell(path: Path, key: str) -> Cell:
    """The cell that a file describes; DataError if it is damaged or another cell's, FileNotFoundError if absent."""
    return _read(path, lambda data: cell_of(data, key))


def describes(path: Path, cell: Cell) -> bool:
    """Whether the file is there and describes this cell."""
    try:
        return bool(read_cell(path, cell.key))
    except (FileNotFoundError, DataError):
        return False


def read_row(path: Path, key: str) -> Row:
    """The row that a file holds, with the same errors; one that was read lately is not read again."""
    try:
        state = _state(path)
    except FileNotFoundError:
        raise
    except OSError:
        state = ()  # reading says what is wrong
    return _row(path, key, state)


@functools.lru_cache(maxsize=4_096)
def _row(path: Path, key: str, state: tuple[int, ...]) -> Row:
    return _read(path, lambda data: row_of(data, key))


def _state(path: Path) -> tuple[int, ...]:
    """What changes when the file does."""
    stat = os.stat(path)  # noqa: PTH116 - the same as Path.stat, for thousands of cells
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def read_curve(path: Path) -> list[dict[str, Any]]:
    """The records of a curve; lines that are none are left out, with a warning but for a last one that was cut off."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        warn_once(f"{path} cannot be read ({error.strerror}); the cell is shown without its curve.")
        return []
    records = [record for line in lines if line.endswith(b"\n") and (record := _record(line)) is not None]
    if len(records) < sum(line.endswith(b"\n") for line in lines):
        warn_once(f"{path} holds lines that are no records of an epoch; they are left out.")
    return records


def read_lease(path: Path) -> Mapping[str, Any] | None:
    """Who holds a cell; None without a lease, or where it cannot be read: the lock decides, not the lease."""
    try:
        lease = printable(read_json(path))
        return {**lease, "pid": int(lease["pid"]), "process_started": float(lease["process_started"] or 0)} | {
            "host": str(lease["host"])
        }
    except MALFORMED:
        return None


def row_problem(path: Path, key: str) -> str | None:
    """Why the row cannot be used, "" if it can, None if there is none; read once for each state of the file."""
    try:
        state = _state(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}); give `bench run` again."
    return _row_problem(path, key, state)


@functools.lru_cache(maxsize=200_000)
def _row_problem(path: Path, key: str, state: tuple[int, ...]) -> str | None:
    try:
        _row(path, key, state)
    except FileNotFoundError:
        return None
    except DataError as error:
        return str(error)
    return ""


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, parse: Callable[[Any], _T]) -> _T:
    try:
        return parse(read_json(path))
    except FileNotFoundError:
        raise
    except MALFORMED as error:
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise DataError(f"{path} is damaged ({str(reason)[:120]}); give `bench run` again.") from None


def _finite(number: str) -> float | None:
    """The number that is written; None for what no JSON file can be made of again: NaN and infinite ones."""
    value = float(number)
    return value if math.isfinite(value) else None


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = printable(json.loads(line, parse_float=_finite, parse_constant=_finite))
    except (ValueError, RecursionError):
        return None
    sound = isinstance(record, dict) and isinstance(record.get("epoch"), int)
    return record if sound else None
