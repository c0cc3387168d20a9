"""Records of cells and rows, with a checksum of themselves: what is damaged or of another cell raises.

A row that was changed does not count. Rows of older versions, which have no checksum, are judged by their form.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bench.records.cells import SCHEMA, Cell
from bench.records.component import canonical_json
from bench.records.names import printable
from bench.records.rows import Row

SEAL = "sha256"

MALFORMED = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What is raised of a record that is damaged."""


def sealed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The record with a checksum of itself, as it will be read back."""
    return {**data, SEAL: _seal(json.loads(json.dumps(data)))}


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
