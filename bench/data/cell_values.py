"""Meaning of the cells of a table: present, absent or unknown; an ambiguous cell is refused, not guessed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from bench.errors import DataError
from bench.system.wording import shown

Cells = Literal["auto", "plain", "signed", "uncertain"]
CELL_MEANINGS = (
    "what a class's cells hold: plain: 1 present, 0 absent; signed: 1 present, -1 absent, 0 unknown; uncertain: 1 "
    "present, 0 absent, -1 unknown; auto: plain, if there is no -1. True and false, yes and no are read in all of them"
)
Empty = Literal["auto", "unknown", "absent"]
EMPTY = (
    "what an empty cell, or a class that a cell of names leaves out, means: unknown or absent; auto: unknown, where "
    "other cells say 0, -1, false or no"
)

SPELLINGS: Mapping[str, str] = {
    **dict.fromkeys(("", "na", "nan", "null", "none"), ""),
    **dict.fromkeys(("1", "1.0", "+1", "true", "yes"), "1"),
    **dict.fromkeys(("0", "0.0"), "0"),
    **dict.fromkeys(("-1", "-1.0"), "-1"),
    **dict.fromkeys(("false", "no"), "no"),
}
"""What may stand in a cell, in small letters, and what it says."""

CELL_SIGNS = ("", "1", "0", "-1", "no")
_PLACE = {spelling: CELL_SIGNS.index(sign) for spelling, sign in SPELLINGS.items()}
_VALUES: Mapping[str, tuple[int, ...]] = {
    "plain": (0, 1, -1, 0, -1),
    "signed": (0, 1, 0, -1, -1),
    "uncertain": (0, 1, -1, 0, -1),
}


def encode(cells: Sequence[str], columns: Sequence[str], where: str) -> bytes:
    """A row's cells as a byte each, the index in `CELL_SIGNS`; DataError names the first invalid cell."""
    try:
        return bytes([_PLACE[cell.strip().lower()] for cell in cells])
    except KeyError:
        name, cell = next(
            (name, cell) for name, cell in zip(columns, cells, strict=True) if cell.strip().lower() not in _PLACE
        )
        raise DataError(
            f"{where}: the cell of {shown(name)} is {shown(cell)}; a class's cells hold 1, 0, -1, true, false, yes, "
            "no, or nothing. If this column is no class, name it in table.ignore, or name the classes in table.classes."
        ) from None


def labels_of(places: np.ndarray, cells: Cells, empty: Empty, source: Path) -> np.ndarray:
    """int8 (N, C) of +1, -1 and 0 from bytes of `encode` (N, C); DataError where the table is ambiguous."""
    held = {CELL_SIGNS[place] for place in np.unique(places)}
    if cells == "auto":
        if "-1" in held:
            raise DataError(
                f"{source} holds -1, which can mean absent (then 0 means unknown) or uncertain (then 0 means absent); "
                "say which with table.cells=signed or table.cells=uncertain."
            )
        cells = "plain"
    if cells == "plain" and "-1" in held:
        raise DataError(f"{source} holds -1, and table.cells=plain has none; give signed or uncertain.")
    table = np.array(_VALUES[cells], np.int8)
    if empty == "auto" and "" in held and not (table[[CELL_SIGNS.index(sign) for sign in held]] == -1).any():
        raise DataError(
            f"no cell of {source} says that a class is absent, so an empty one can mean absent or unknown; say which "
            "with table.empty=absent or table.empty=unknown."
        )
    if empty == "absent":
        table[CELL_SIGNS.index("")] = -1
    labels: np.ndarray = table[places]
    return labels
