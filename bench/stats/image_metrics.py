"""Metrics of each image over its classes: recall among the first k, ranking loss, coverage error.

Scores are (N, C); labels are (N, C) with +1 present, -1 absent and 0 left out: an unknown class takes no place in an
image's order. Values are (N,), NaN for an image without a known positive or without a known negative. Of equal scores
the negative is taken to stand first, so ties never help.
"""

import numpy as np

from bench.stats.ordering import Ordering, by_row


def recall_among_first(scores: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Percent of an image's known positives among the k known classes that score highest.

    NaN also for an image with k known classes or fewer, of which every order returns all.
    """

    def recall(row: Ordering) -> np.ndarray:
        rank = row.positives_so_far + row.not_below(row.negatives_so_far)
        hits = np.count_nonzero(row.positive & (rank <= k), axis=1)
        return np.where(row.positives + row.negatives > k, hits / row.positives, np.nan)

    return 100 * by_row(recall, scores, labels)


def image_ranking_loss(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Percent of an image's pairs of a known positive and a known negative in which the positive scores no higher."""

    def loss(row: Ordering) -> np.ndarray:
        wrong = np.sum(row.not_below(row.negatives_so_far), axis=1, where=row.positive)
        return wrong / (row.positives * row.negatives)

    return 100 * by_row(loss, scores, labels)


def coverage_error(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Number of known classes down to which an image's order must be read to meet all its known positives."""

    def depth(row: Ordering) -> np.ndarray:
        rank = row.positives_so_far + row.not_below(row.negatives_so_far)
        return np.max(rank, axis=1, where=row.positive, initial=0)

    return by_row(depth, scores, labels)
