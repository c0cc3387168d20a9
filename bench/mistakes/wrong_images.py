"""Images that a class ranks wrong. Shapes: N images, C classes, J images whose label of the class is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Kind = Literal["absent", "present"]
KINDS: tuple[Kind, Kind] = ("absent", "present")
"""What the labels say of an image that stands wrong: its class is not there, or is."""


@dataclass(frozen=True)
class ImageRanking:
    """A class's known images, the highest score first; equal scores stand by image id.

    rows: int (J,), which of the N images. scores: (J,). present: bool (J,). unknown: images whose label is not known.
    """

    rows: np.ndarray
    scores: np.ndarray
    present: np.ndarray
    unknown: int

    @property
    def positives(self) -> int:
        """How many of the images have the class."""
        return int(self.present.sum())

    @cached_property
    def wrong(self) -> np.ndarray:
        """bool (J,): with P present images, absent within the first P places, or present behind them.

        A perfect order has nothing wrong. Scores of methods have no common zero, so that no threshold on them would be
        fair to all; here precision equals recall for every method.
        """
        return (np.arange(len(self.rows)) < self.positives) != self.present

    @cached_property
    def passed(self) -> np.ndarray:
        """int (J,): of an absent image the present ones with a lower score; of a present one the absent ones above."""
        present, absent = np.sort(self.scores[self.present]), np.sort(self.scores[~self.present])
        below, above = (
            np.searchsorted(present, self.scores),
            len(absent) - np.searchsorted(absent, self.scores, "right"),
        )
        return np.where(self.present, above, below)

    def worst(self, kind: Kind, count: int) -> list[int]:
        """Places (from 0) of the highest-scored absent or the lowest-scored present images, the worst first."""
        places = np.flatnonzero(self.present == (kind == "present"))
        return (places if kind == "absent" else places[::-1])[:count].tolist()

    def wrong_rows(self, kind: Kind) -> frozenset[int]:
        """Which of the N images are ranked wrong."""
        return frozenset(self.rows[self.wrong & (self.present == (kind == "present"))].tolist())


def image_rankings(scores: np.ndarray, labels: np.ndarray, ids: Sequence[str]) -> list[ImageRanking]:
    """The ranking of each class. scores: (N, C). labels: int8 (N, C), 0 where unknown. ids: (N,), unique."""
    by_id = np.argsort(np.array(ids, dtype=str), kind="stable")
    rankings = []
    for own, truth in zip(scores.astype(np.float64).T, labels.T, strict=True):
        judged = by_id[truth[by_id] != 0]
        rows = judged[np.argsort(-own[judged], kind="stable")]
        rankings.append(ImageRanking(rows, own[rows], truth[rows] == 1, len(truth) - len(rows)))
    return rankings


@dataclass(frozen=True)
class Shared:
    """Images of one kind that are ranked wrong: by all cells, and by one alone, in the cells' order."""

    all: frozenset[int]
    alone: tuple[frozenset[int], ...]


def shared_mistakes(rankings: Sequence[ImageRanking], kind: Kind) -> Shared:
    """Of one class's rankings by several cells."""
    wrong = [ranking.wrong_rows(kind) for ranking in rankings]
    others = [frozenset().union(*(one for j, one in enumerate(wrong) if j != i)) for i in range(len(wrong))]
    return Shared(frozenset.intersection(*wrong), tuple(one - other for one, other in zip(wrong, others, strict=True)))
