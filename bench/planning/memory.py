"""Forecast of the memory that cells take: from finished cells of a store, and before there are any from their sizes."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.axes.methods import resolved_method
from bench.data import Dataset
from bench.features import known_shape
from bench.records.cells import Cell
from bench.records.component import Component
from bench.records.rows import Row
from bench.system.capacity import WORKER_MEMORY
from methods.training_memory import Sizes

MARGIN = 1.1
"""Cells of one method differ with the ratio and the seed."""

USUAL_TOKENS = 196, 512
"""Those of RN101 at 448 pixels, for backbones of which nothing is in the cache yet."""


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


def estimated_needs(cells: Iterable[Cell], dataset: Dataset, cache: Path) -> dict[str, int]:
    """By method the bytes that its largest cell takes on a CPU, by the sizes of the data and what the method declares.

    An estimate: a usual worker, two copies of the test logits, and the method's own terms.
    """
    needs: dict[str, int] = {}
    sizes_of = functools.cache(lambda backbone: data_sizes(dataset, backbone, cache))
    for cell in {(cell.method, cell.backbone): cell for cell in cells}.values():
        sizes = sizes_of(cell.backbone)
        needs[cell.method.name] = max(needs.get(cell.method.name, 0), WORKER_MEMORY + beyond_usual(cell, sizes))
    return needs


def beyond_usual(cell: Cell, sizes: Sizes) -> int:
    """Bytes that a cell takes beside those of a usual worker."""
    method = resolved_method(cell.method)
    return 8 * sizes.test_images * sizes.classes + method.method.training_memory(method.config, sizes)


def data_sizes(dataset: Dataset, backbone: Component, cache: Path) -> Sizes:
    """Sizes of the dataset and of its features; the features' are the usual ones where the cache holds none."""
    images = dataset.sizes
    tokens, dim = known_shape(cache, backbone) or USUAL_TOKENS
    tests = images.get("test_images", 0)  # a search has none
    return Sizes(images["train_images"], tests, len(dataset.class_names), tokens, dim)


def least_need(cells: Sequence[Cell], needs: Mapping[str, int]) -> int:
    """What the smallest of the cells takes: more workers than can train that one at once are of no use."""
    return min((needs.get(cell.method.name, WORKER_MEMORY) for cell in cells), default=WORKER_MEMORY)


def most_need(cells: Sequence[Cell], needs: Mapping[str, int]) -> int:
    """What the largest of the cells takes: a cluster sets aside as much for each."""
    return max((needs.get(cell.method.name, WORKER_MEMORY) for cell in cells), default=WORKER_MEMORY)


def at_once(needs: Mapping[str, int], workers: int, available: int) -> dict[str, int]:
    """Of methods that cannot train on all workers at once in `available` bytes, on how many they can.

    >>> at_once({"sst": 8, "asl": 2}, 4, 17)
    {'sst': 2}
    """
    fitting = {name: max(1, available // need) for name, need in needs.items()}
    return {name: count for name, count in fitting.items() if count < workers}


def _kind(cell: Cell) -> Any:
    return cell.method.name, cell.dataset, cell.backbone, cell.feed, cell.test
