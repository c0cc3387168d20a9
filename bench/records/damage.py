"""A store's files read back: what is damaged, foreign or of another cell is named in one sentence.

What is guaranteed: `row.json` carries a SHA-256 of itself and of the cell's scores, curve and weights, taken when the
cell was finished. A row that was changed does not count, and its cell is trained again; changed scores, curves and
weights are never returned. Rows of older versions, which have no checksum, are judged by their form.
"""

import functools
import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bench.errors import DataError
from bench.records.cells import SCHEMA, Cell, canonical_json
from bench.records.names import printable
from bench.records.rows import Row
from bench.system.files import read_json

_LOG = logging.getLogger(__name__)
SEAL = "sha256"
_T = TypeVar("_T")

MALFORMED = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What is raised of a record that is damaged."""


@functools.cache
def warn_once(text: str) -> None:
    """A warning that is not repeated by this process."""
    _LOG.warning("%s", text)


def read_or_warn(read: Callable[[Path], _T], path: Path) -> _T | None:
    """What `read` makes of the file; None, and a warning that names it, where it cannot be used."""
    try:
        return read(path)
    except DataError as error:
        warn_once(f"left out: {error}")
    except OSError as error:
        warn_once(f"left out: {path} cannot be read ({error.strerror}).")
    return None


def sealed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The record with a checksum of itself, as it will be read back."""
    return {**data, SEAL: _seal(json.loads(json.dumps(data)))}


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
    """The row that a file holds, with the same errors."""
    return _read(path, lambda data: row_of(data, key))


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
        stat = os.stat(path)  # noqa: PTH116 - the same as Path.stat, for thousands of cells
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}); give `bench run` again."
    return _row_problem(path, key, (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@functools.lru_cache(maxsize=200_000)
def _row_problem(path: Path, key: str, state: tuple[int, ...]) -> str | None:
    try:
        read_row(path, key)
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


def cell_of(data: Mapping[str, Any], key: str) -> Cell:
    """The cell of a record; one of `MALFORMED` where it is damaged or another's."""
    # The key of an older schema cannot be worked out any more.
    if data["schema"] == SCHEMA and (found_key := Cell.from_json(data).key) != key:
        raise ValueError(f"it describes cell {found_key}")
    return Cell.from_json(printable(data))


def row_of(data: Mapping[str, Any], key: str) -> Row:
    """The row of a record, with the same errors."""
    rest = {name: value for name, value in data.items() if name != SEAL}
    if SEAL in data and data[SEAL] != _seal(rest):
        raise ValueError("it is not what was written")
    if rest.get("key", key) != key:
        raise ValueError(f"it is the row of cell {rest['key']}")
    row = Row.from_json(printable(rest))
    headline = row.metrics["mAP" if row.cell.test else "heldout_mAP"]
    if not isinstance(headline, (int, float, type(None))):
        raise TypeError(f"its mAP is {headline!r}")
    return row


def _seal(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = printable(json.loads(line))
    except (ValueError, RecursionError):
        return None
    sound = isinstance(record, dict) and isinstance(record.get("epoch"), int)
    return record if sound else None
