"""Average precision under integer image weights, from one sort: what a bootstrap over images needs.

A resample of N images is a multiplicity for each image, and multiplicities do not change the order of scores. So images
are sorted once for each class, and the AP of every resample comes from sums of multiplicities over stretches of that
order. Equal scores are one threshold, as in scikit-learn's `average_precision_score`, whose value this equals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class ClassRanking:
    """One class's order, cut where a threshold with a positive ends: T thresholds over N images.

    stretch (T, N): 1 at the images ranked after the previous such threshold, down to and with this one.
    positives (T, N): 1 at the positives of the threshold.
    """

    stretch: "csr_matrix"
    positives: "csr_matrix"


def rankings(scores: np.ndarray, labels: np.ndarray) -> tuple[ClassRanking, ...]:
    """By class, of scores (N, C) and labels (N, C) of +1, -1, and 0 for images left out of that class."""
    if scores.shape != labels.shape or scores.ndim != 2:
        raise ValueError(f"scores {scores.shape} and labels {labels.shape} must be of one shape (N, C)")
    if not np.isfinite(scores).all():
        raise ValueError("scores hold NaN or infinite values; the run diverged")
    return tuple(_ranking(s, y) for s, y in zip(scores.T, labels.T, strict=True))


def _ranking(scores: np.ndarray, labels: np.ndarray) -> ClassRanking:
    images = len(scores)
    judged = np.flatnonzero(labels != 0)
    order = judged[np.argsort(-scores[judged], kind="stable")]
    threshold = np.cumsum(np.diff(scores[order], prepend=scores[order[:1]]) != 0)
    positive = labels[order] == 1
    held, first = np.unique(threshold[positive], return_index=True)
    ends = np.searchsorted(threshold, held, side="right")
    return ClassRanking(
        _indicator(order[: ends[-1]] if len(ends) else order[:0], np.concatenate([[0], ends]), images),
        _indicator(order[positive], np.concatenate([first, [positive.sum()]]), images),
    )


def _indicator(images: np.ndarray, bounds: np.ndarray, count: int) -> "csr_matrix":
    """(T, `count`): row t holds 1 at `images[bounds[t]:bounds[t + 1]]`."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(images), np.float32)
    return csr_matrix((ones, images.astype(np.int32), bounds.astype(np.int32)), shape=(len(bounds) - 1, count))


def weighted_average_precision(classes: tuple[ClassRanking, ...], weights: np.ndarray) -> np.ndarray:
    """AP in percent (C, R) of R weightings (N, R), each image counted `weights` times; NaN without positives.

    `weights` are whole numbers as float32, in which sums are exact up to 2^24 images.
    """
    return np.stack(list(_each(classes, weights)))


def _each(classes: tuple[ClassRanking, ...], weights: np.ndarray) -> Iterator[np.ndarray]:
    if len(weights) >= 2**24:
        raise ValueError(f"{len(weights):,} images are too many: sums of float32 are exact up to {2**24:,}")
    for ranking in classes:
        stretches = (ranking.stretch @ weights).astype(np.float64)
        hits = (ranking.positives @ weights).astype(np.float64)
        positives, total = _walk(stretches, hits)
        with np.errstate(invalid="ignore"):
            yield np.where(positives > 0, 100 * total / positives, np.nan)


def _walk(stretches: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Down the order of one class, by threshold (T, R): positives found, and the sum of hits x precision (R,).

    A row after the other with five sums of length R that stay in the processor's first cache: half the time of
    cumulative sums over whole (T, R) arrays.
    """
    # A threshold that no image of the resample reaches has no hits either: 0 / tiny there.
    ranked = np.full(stretches.shape[1], np.finfo(float).tiny)
    positives, total, precision = (np.zeros(stretches.shape[1]) for _ in range(3))
    for stretch, hit in zip(stretches, hits, strict=True):
        ranked += stretch
        positives += hit
        np.divide(positives, ranked, out=precision)
        precision *= hit
        total += precision
    return positives, total
