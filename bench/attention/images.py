"""Choice of the images and classes to show: by a rule, so that nobody picks the best ones. Shapes: C classes."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from bench.system.seeding import numpy_stream

Mark = Literal["true positive", "false positive", "missed", "absent", "not judged"]


def chosen_images(total: int, count: int, seed: int | None) -> list[int]:
    """Rows of `count` of `total` images: the first ones in official order, or drawn by `seed`, ascending."""
    count = min(count, total)
    if seed is None:
        return list(range(count))
    return sorted(numpy_stream("show", seed).choice(total, count, replace=False).tolist())


def named(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """bool (C,): the classes that scores (C,) of an image name: as many of the highest as are present, at least one.

    labels: (C,) of +1, -1 and 0 (not judged; such a class is never named). Scores of methods have no common zero, so no
    threshold would be fair to all; a perfect ranking names exactly the present classes.
    """
    judged = np.where(labels == 0, -np.inf, scores)
    order = np.argsort(-judged, kind="stable")[: max(1, int((labels == 1).sum()))]
    chosen = np.zeros(len(scores), bool)
    chosen[order] = True
    return chosen & (labels != 0)


def marks(scores: np.ndarray, labels: np.ndarray) -> list[Mark]:
    """For each class: whether it is named, and whether it is present."""
    words: dict[tuple[bool, int], Mark] = {
        (True, 1): "true positive",
        (True, -1): "false positive",
        (False, 1): "missed",
        (False, -1): "absent",
        (False, 0): "not judged",
    }
    return [words[bool(n), int(y)] for n, y in zip(named(scores, labels), labels, strict=True)]


def chosen_classes(scores: Sequence[np.ndarray], labels: np.ndarray, most: int) -> tuple[list[int], int]:
    """All classes of an image that are present or that a cell names, and how many did not fit into `most`.

    scores: those of each cell, (C,). Classes are ordered by decreasing score; with several cells by their mean rank, so
    that no cell has priority. The last ones are cut off, present or not.
    """
    shown = np.flatnonzero((labels == 1) | np.any([named(own, labels) for own in scores], axis=0))
    places = np.mean([np.argsort(np.argsort(-own, kind="stable"), kind="stable") for own in scores], axis=0)
    ordered = shown[np.argsort(places[shown], kind="stable")].tolist()
    return ordered[:most], max(0, len(ordered) - most)
