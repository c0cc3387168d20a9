"""Matching of a dataset's images with a list of image names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.errors import DataError

_ENDINGS = {"jpg", "jpeg", "png", "bmp", "gif", "webp"}


def bare(name: str) -> str:
    """An image's name without folders and without the ending of an image file.

    >>> bare("JPEGImages/2008_000008.jpg"), bare("2008_000008"), bare("scene.17")
    ('2008_000008', '2008_000008', 'scene.17')
    """
    name = name.replace("\\", "/").rpartition("/")[2].strip()
    stem, _, ending = name.rpartition(".")
    return stem.strip() if stem.strip() and ending.lower() in _ENDINGS else name


def rows_by_name(ids: Sequence[str], listed: Sequence[str], count: int, source: Path) -> np.ndarray:
    """For each of the dataset's `count` images its row in `listed`, the names in the file `source`; by `bare` name."""
    if len(ids) != count:
        raise DataError(f"the images' names are not known here, so {source} cannot be matched with them.")
    row: dict[str, int] = {}
    for number, name in enumerate(listed):
        if row.setdefault(bare(name), number) != number:
            raise DataError(f"{source} lists the image {bare(name)!r} twice; every image may stand in it once.")
    matched = [row.get(bare(name), -1) for name in ids]
    missing = [name for name, at in zip(ids, matched, strict=True) if at < 0]
    if missing:
        raise DataError(
            f"{len(missing):,} of the dataset's {count:,} training images are missing in {source} "
            f"(the first is {missing[0]!r}); give the list of this dataset, or open only the images that it lists."
        )
    rows = np.array(matched, dtype=np.int64)
    if len(set(matched)) != count:
        twice, times = np.unique(rows, return_counts=True)
        name = listed[twice[times > 1][0]]
        raise DataError(
            f"two images of the dataset are called {bare(name)!r}, so {source} cannot be matched with them."
        )
    return rows
