"""Pairs of images that look alike: all whose perceptual hashes differ in few bits, found exactly."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bench.data.image_facts import BITS, CROPS, HASH_BYTES
from bench.system.progress import Progress

MOST_BITS = 44
"""Of 255. docs/photos.md says how it was chosen: pairs of photographs that differ begin at 56."""

TILE_ROWS, TILE_COLUMNS = 2048, 8192
"""Hashes that are compared at once; 64 MiB of products."""


class NearDuplicates(NamedTuple):
    """Rows of two images, the lower first, and in how many bits their hashes differ."""

    first: int
    second: int
    bits: int


def near_duplicates(hashes: Sequence[bytes | None], progress: Progress, most: int = MOST_BITS) -> list[NearDuplicates]:
    """The nearest first. Either image may also be a crop of the other: then the crop's hash is compared.

    Every pair is looked at, by products of matrices of +1 and -1: N x N x 2.5 products of 255 values for N images.
    """
    rows = np.array([row for row, one in enumerate(hashes) if one is not None], np.int64)
    packed = np.frombuffer(b"".join(one for one in hashes if one is not None), np.uint8)
    packed = packed.reshape(len(rows), len(CROPS), HASH_BYTES // len(CROPS))
    nearest: dict[tuple[int, int], int] = {}
    tiles = list(_tiles(len(rows)))
    for done, (crop, start, other) in enumerate(tiles, start=1):
        products = _signs(packed[start : start + TILE_ROWS, 0]) @ _signs(packed[other : other + TILE_COLUMNS, crop]).T
        for row, column in np.argwhere(products >= BITS - 2 * most):
            one, two = sorted((int(start + row), int(other + column)))
            if one != two:
                bits = (BITS - int(products[row, column])) // 2
                nearest[one, two] = min(bits, nearest.get((one, two), bits))
        progress(done, len(tiles))
    pairs = [NearDuplicates(int(rows[one]), int(rows[two]), bits) for (one, two), bits in nearest.items()]
    return sorted(pairs, key=lambda pair: (pair.bits, pair.first, pair.second))


def _tiles(count: int) -> Iterator[tuple[int, int, int]]:
    """(crop, first row, first column); of whole images only those that hold a column behind a row."""
    for crop in range(len(CROPS)):
        for start in range(0, count, TILE_ROWS):
            for other in range(0, count, TILE_COLUMNS):
                if crop or other + TILE_COLUMNS > start:
                    yield crop, start, other


def _signs(packed: np.ndarray) -> np.ndarray:
    """float32 (N, 255) of +1 and -1, whose products are exact; the first bit, of the mean, says nothing."""
    return np.unpackbits(packed, axis=1)[:, 1:].astype(np.float32) * 2 - 1
