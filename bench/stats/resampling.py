"""Paired bootstrap over test images: how far mAPs, and differences of mAPs, would move with other test images.

The trained models are given; only the images are drawn again, the same ones for every method. A method may bring
several score matrices (its seeds, say): each resample scores all of them and their mean is what is compared, so the
interval is about images alone. What other seeds would have given is another question (`bench.stats.seeds`); the two
are shown side by side and never mixed.

A class that loses all its positives in a resample has no AP there and is left out of that resample's mean: for all
methods alike, since they share labels and draws.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.stats.ranking import ClassRanking, rankings, weighted_average_precision

RESAMPLES = 1000
LEVEL = 0.95
AT_ONCE = 512
"""Resamples that are worked on together: rows long enough that Python's part in each of them does not count, and
weights (N, R) of 80 MB for COCO's test images."""

ResampleProgress = Callable[[int], None]
"""Called with the number of resamples done so far, over all matrices: of `resamples` x matrices in the end."""


@dataclass(frozen=True)
class Difference:
    """Points of mAP by which one method is ahead of another on these images.

    low, high: percentile interval at `level`. p: two-sided, from the share of resamples on the other side of 0; its
    least value is 2 / (resamples + 1). images, resamples: how many there were.
    """

    estimate: float
    low: float
    high: float
    p: float
    images: int
    resamples: int
    level: float = LEVEL

    @property
    def not_significant(self) -> bool:
        return self.p > 1 - self.level


@dataclass(frozen=True)
class Resampled:
    """mAP in percent of each method on the test images (`estimates`) and on every resample of them (R,)."""

    estimates: Mapping[str, float]
    samples: Mapping[str, np.ndarray]
    images: int
    level: float = LEVEL

    def difference(self, method: str, against: str) -> Difference:
        """Of two methods; that of a method with itself is 0, in every resample."""
        return difference(
            self.estimates[method] - self.estimates[against],
            self.samples[method] - self.samples[against],
            self.images,
            self.level,
        )

    def interval(self, method: str) -> tuple[float, float]:
        """Where the method's own mAP lies: wide, since hard images are hard for every method; for tables of levels."""
        return percentiles(self.samples[method], self.level)


def difference(estimate: float, samples: np.ndarray, images: int, level: float = LEVEL) -> Difference:
    """From a difference and its resampled values (R,); resamples without any positive (NaN) do not count."""
    samples = samples[~np.isnan(samples)]
    low, high = percentiles(samples, level)
    other_side = min(np.count_nonzero(samples <= 0), np.count_nonzero(samples >= 0))
    p = min(1.0, 2 * (1 + other_side) / (len(samples) + 1))
    return Difference(float(estimate), low, high, p, images, len(samples), level)


def percentiles(samples: np.ndarray, level: float) -> tuple[float, float]:
    """The central `level` of samples."""
    low, high = np.nanquantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap(
    scores: Mapping[str, Iterable[np.ndarray]],
    labels: np.ndarray,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    progress: ResampleProgress | None = None,
) -> Resampled:
    """Of the score matrices (N, C) of each method against labels (N, C) of +1, -1, and 0 for entries left out.

    Matrices are taken one after another, so a generator keeps one of them in memory. The draws depend on `seed`, N
    and nothing else: more resamples continue fewer, and other calls with the same images can be compared with this one.
    """
    counts = multiplicities(len(labels), resamples, seed)
    estimates, samples, done = {}, {}, 0
    for method, matrices in scores.items():
        own = []
        for matrix in matrices:
            own.append(resampled_map(matrix, labels, counts, done, progress))
            done += resamples
        if not own:
            raise ValueError(f"{method!r} has no scores to resample")
        estimates[method] = float(np.mean([estimate for estimate, _ in own]))
        samples[method] = np.mean([sample for _, sample in own], axis=0)
    return Resampled(estimates, samples, len(labels), level)


def multiplicities(images: int, resamples: int, seed: int = 0) -> np.ndarray:
    """How often each image stands in each resample: uint8 (R, N), each row with the sum N."""
    from bench.system.seeding import numpy_stream  # brings torch, which a report that stands already can do without

    rng = numpy_stream("bootstrap", seed, images)
    counts = np.empty((resamples, images), np.uint8)
    for row in counts:
        drawn = np.bincount(rng.integers(images, size=images), minlength=images)
        # An image drawn 256 times of N cannot happen; if it did, uint8 would wrap round in silence.
        assert drawn.max() < 256
        row[:] = drawn
    return counts


def resampled_map(
    scores: np.ndarray,
    labels: np.ndarray,
    counts: np.ndarray,
    done: int = 0,
    progress: ResampleProgress | None = None,
) -> tuple[float, np.ndarray]:
    """mAP in percent on the images as they are, and (R,) on resamples given by `multiplicities` (R, N).

    `done` is added to the count that `progress` gets.
    """
    if not (labels == 1).any():
        raise ValueError("no class has a positive among these images, so there is no mAP")
    classes = rankings(scores, labels)
    parts = []
    for start in range(0, len(counts), AT_ONCE):
        parts.append(_means(classes, counts[start : start + AT_ONCE].T))
        if progress is not None:
            progress(done + min(start + AT_ONCE, len(counts)))
    return float(_means(classes, np.ones((len(labels), 1)))[0]), np.concatenate(parts)


def _means(classes: tuple[ClassRanking, ...], weights: np.ndarray) -> np.ndarray:
    """Mean AP over the classes that have one (R,); NaN for a resample without any positive."""
    ap = weighted_average_precision(classes, np.ascontiguousarray(weights, np.float32))
    known = ~np.isnan(ap)
    with np.errstate(invalid="ignore"):
        return np.where(known, ap, 0).sum(axis=0) / known.sum(axis=0)
