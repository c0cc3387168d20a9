"""Forecast of the memory that cells take, from the finished cells of a store."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.records.cells import Cell
from bench.records.rows import Row
from bench.system.capacity import WORKER_MEMORY

MARGIN = 1.1
"""Cells of one method differ with the ratio and the seed."""


def memory_needs(cells: Iterable[Cell], rows: Iterable[Row]) -> dict[str, int]:
    """By method the bytes that a cell takes: the most that finished ones took, and a tenth more.

    Those on the same data, features and feed count, whatever their settings. A method without any is left out.
    """
    peaks: dict[Any, float] = {}
    for row in rows:
        kind = _kind(row.cell)
        peaks[kind] = max(peaks.get(kind, 0.0), row.peak_memory.get("process", 0.0))
    known = {cell.method.name: peaks.get(_kind(cell), 0.0) for cell in cells}
    return {name: int(peak * MARGIN * 2**20) for name, peak in known.items() if peak}


def least_need(cells: Sequence[Cell], needs: Mapping[str, int]) -> int:
    """What the smallest of the cells takes: more workers than can train that one at once are of no use."""
    return min((needs.get(cell.method.name, WORKER_MEMORY) for cell in cells), default=WORKER_MEMORY)


def at_once(needs: Mapping[str, int], workers: int, available: int) -> dict[str, int]:
    """Of methods that cannot train on all workers at once in `available` bytes, on how many they can.

    >>> at_once({"sst": 8, "asl": 2}, 4, 17)
    {'sst': 2}
    """
    fitting = {name: max(1, available // need) for name, need in needs.items()}
    return {name: count for name, count in fitting.items() if count < workers}


def _kind(cell: Cell) -> Any:
    return cell.method.name, cell.dataset, cell.backbone, cell.feed, cell.test
