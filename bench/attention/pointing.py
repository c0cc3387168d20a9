"""The pointing game (Zhang et al., ECCV 2016): does a class's map peak inside a box of that class?

Shapes: N images, C classes, HW positions on a grid of H rows and W columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.data.base import Box


@dataclass(frozen=True)
class Pointing:
    """hits, chance, centre, pairs: (C,), of the pairs of an image and a class that has boxes in it.

    hits: share of pairs whose map peaks in a box. chance: the expected share for a random position, the mean share of
    positions in a box. centre: the share for the middle of every image. All NaN for a class without pairs.
    """

    hits: np.ndarray
    chance: np.ndarray
    centre: np.ndarray
    pairs: np.ndarray

    @property
    def mean(self) -> tuple[float, float, float]:
        """hits, chance, centre: the mean over classes that have pairs."""
        has_pairs = self.pairs > 0
        return (
            float(self.hits[has_pairs].mean()),
            float(self.chance[has_pairs].mean()),
            float(self.centre[has_pairs].mean()),
        )


def pointing(peaks: np.ndarray, boxes: Sequence[Sequence[Box]], grid: tuple[int, int]) -> Pointing:
    """peaks: int (N, C), the position at which each map is highest. A peak is the centre of its position's cell.

    Zhang et al. accept a peak up to 15 pixels outside a box; here it must be inside.
    """
    classes = peaks.shape[1]
    hits, chance, centre, pairs = (np.zeros(classes) for _ in range(4))
    for row, boxes_of_image in zip(peaks, boxes, strict=True):
        for category in {box.category for box in boxes_of_image}:
            own = [box for box in boxes_of_image if box.category == category]
            covered = covers(own, grid)
            pairs[category] += 1
            hits[category] += covered[row[category]]
            chance[category] += covered.mean()
            centre[category] += any(box.left <= 0.5 < box.right and box.top <= 0.5 < box.bottom for box in own)
    with np.errstate(invalid="ignore"):  # 0 / 0 of a class without pairs
        return Pointing(hits / pairs, chance / pairs, centre / pairs, pairs)


def covers(boxes: Sequence[Box], grid: tuple[int, int]) -> np.ndarray:
    """bool (HW,): which positions have their centre in one of the boxes."""
    height, width = grid
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    inside = np.zeros((height, width), bool)
    for box in boxes:
        inside |= ((box.top <= y) & (y < box.bottom))[:, None] & ((box.left <= x) & (x < box.right))
    return inside.ravel()
