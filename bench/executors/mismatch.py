"""Mismatches between the machine that planned a cell and the one that is to train it: refused before it trains."""

import socket
from typing import Any

from bench.errors import DataError, UsageError
from bench.records.cells import Cell
from bench.system.program import program_hash


def refuse_other_program(code: str) -> None:
    """UsageError if the source of this program is not that of the command, whose hash is given."""
    if program_hash() != code:
        raise UsageError(
            f"the program on node {socket.gethostname()} is not the driver's (source hash {program_hash()}, not {code})"
            "; install the same version there, or give the command again if it was changed since."
        )


def refuse_other_content(cell: Cell, resources: Any) -> None:
    """DataError if a name of the cell stands for other files here than where the cell was planned."""
    axis = resources.first_mismatch(cell)
    if axis is not None:
        raise DataError(
            f"the files of {axis} {getattr(cell, axis).name!r} on node {socket.gethostname()} are not the driver's; "
            "copy the driver's there."
        )
