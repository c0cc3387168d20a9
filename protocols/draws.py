"""Random draws over the official image list: leaving images out changes nothing for those that stay."""

from collections.abc import Callable, Iterator

import numpy as np

from bench.system.chunks import row_slices
from protocols.base import Images


def official_rows(count: int, images: Images) -> int:
    """The number of rows to draw for a dataset of `count`: those of the official list, of which it may be a part."""
    return count if images.count is None else images.count


def of_present_images(drawn: np.ndarray, images: Images) -> np.ndarray:
    """Of one draw for each row of the official list, those of the images in the dataset."""
    return drawn if images.positions is None else drawn[images.positions]


def drawn_pieces(
    draw: Callable[[tuple[int, int]], np.ndarray], shape: tuple[int, int], images: Images
) -> Iterator[tuple[slice, np.ndarray]]:
    """One draw for each label of (N, C), piece by piece: rows of the dataset, and the draws (n, C) of their labels.

    draw: gives the next n rows of the official list; in pieces it must give what it would in one.
    """
    rows, classes = official_rows(shape[0], images), shape[1]
    for part in row_slices(rows, classes):
        drawn = draw((part.stop - part.start, classes))
        if images.positions is None:
            yield part, drawn
        else:
            first, last = np.searchsorted(images.positions, (part.start, part.stop))
            yield slice(first, last), drawn[images.positions[first:last] - part.start]


def uniform_pieces(
    rng: np.random.Generator, shape: tuple[int, int], images: Images
) -> Iterator[tuple[slice, np.ndarray]]:
    """float32 draws from [0, 1), as in `drawn_pieces`."""
    return drawn_pieces(lambda size: rng.random(size, dtype=np.float32), shape, images)
