"""Mistakes of finished cells as a frame, for Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.store import Store, existing_store

if TYPE_CHECKING:
    import pandas as pd


def find_mistakes(
    store: "Store | str | Path",
    key: str,
    other: str | None = None,
    *,
    classes: Sequence[str] = (),
    images: int = 5,
) -> "pd.DataFrame":
    """Of each class the absent test images with the highest scores and the present ones with the lowest, a row each.

    key, other: the beginnings of cells' keys; with two cells of one dataset, `shared` says what both get wrong. images:
    of each class and kind. rank: from 1, among the class's known images. passed: of an absent image the present ones
    with a lower score, of a present one the absent ones with a higher. wrong: with P present images, absent and among
    the P highest scores, or present and not. maybe_missing: absent, and scored at least as the mean of the present
    ones, which is a hint and not a verdict. Only stored scores are read.
    """
    from bench.errors import UsageError
    from bench.mistakes import mistakes_frame, read_mistakes
    from bench.records.find import find_finished, refuse_apart

    if images < 1:
        raise UsageError(f"images is {images}; give at least 1.")
    opened = store if isinstance(store, Store) else existing_store(Path(store))
    cells = [find_finished(opened, prefix) for prefix in (key, other) if prefix is not None]
    refuse_apart(cells)
    return mistakes_frame(read_mistakes(opened, cells, classes, images))
