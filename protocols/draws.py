"""Random draws over the official image list: leaving images out changes nothing for those that stay."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike

from protocols.base import Images, row_slices


def official_rows(count: int, images: Images) -> int:
    """The number of rows to draw for a dataset of `count`: those of the official list, of which it may be a part."""
    return count if images.count is None else images.count


def of_present_images(drawn: np.ndarray, images: Images) -> np.ndarray:
    """Of one draw for each row of the official list, those of the images in the dataset."""
    return drawn if images.positions is None else drawn[images.positions]


def uniform_draws(
    rng: np.random.Generator, shape: tuple[int, int], images: Images, dtype: DTypeLike = np.float32
) -> np.ndarray:
    """One draw from [0, 1) for each label, (N, C)."""
    rows, classes = official_rows(shape[0], images), shape[1]
    return of_present_images(rng.random((rows, classes), dtype=dtype), images)  # type: ignore[arg-type]


def uniform_chunks(
    rng: np.random.Generator, shape: tuple[int, int], images: Images
) -> Iterator[tuple[slice, np.ndarray]]:
    """`uniform_draws` piece by piece: rows of the dataset, and the draws (n, C) of their labels."""
    rows, classes = official_rows(shape[0], images), shape[1]
    for part in row_slices(rows, classes):
        drawn = rng.random((part.stop - part.start, classes), dtype=np.float32)
        if images.positions is None:
            yield part, drawn
        else:
            first, last = np.searchsorted(images.positions, (part.start, part.stop))
            yield slice(first, last), drawn[images.positions[first:last] - part.start]
