"""Metrics of each class over its images: area under the ROC curve, precision at a fixed recall.

Scores are (N, C); labels are (N, C) with +1 present, -1 absent and 0 left out. Values are in percent (C,), NaN for a
class without a known positive or without a known negative.
"""

import numpy as np

from bench.stats.ordering import Ordering, by_row


def area_under_roc(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of the pairs of a known positive and a known negative whose positive scores higher; ties are half."""

    def area(row: Ordering) -> np.ndarray:
        wrong = row.above(row.negatives_so_far) + row.not_below(row.negatives_so_far)
        pairs = row.positives.astype(np.int64) * row.negatives
        return 1 - np.sum(wrong, axis=1, where=row.positive, dtype=np.int64) / (2 * pairs)

    return 100 * by_row(area, scores.T, labels.T)


def precision_at_recall(scores: np.ndarray, labels: np.ndarray, recall: float) -> np.ndarray:
    """Highest precision of all thresholds at which at least `recall` (0 to 1) of the known positives are returned.

    Equal scores are one threshold.
    """

    def highest(row: Ordering) -> np.ndarray:
        hits, misses = row.not_below(row.positives_so_far), row.not_below(row.negatives_so_far)
        enough = row.positive & (hits / row.positives[:, None] >= recall)
        return np.max(hits / (hits + misses), axis=1, where=enough, initial=0)

    return 100 * by_row(highest, scores.T, labels.T)
