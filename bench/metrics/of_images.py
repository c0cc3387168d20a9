"""Metrics of each image over its classes, averaged over images."""

from dataclasses import dataclass

import numpy as np

from bench.metrics.base import FURTHER_METRICS, FurtherMetric
from bench.settings.config import setting
from bench.stats.image_metrics import coverage_error, image_ranking_loss, recall_among_first


@dataclass(frozen=True, kw_only=True)
class FirstOptions:
    """The value in its name."""

    k: int = setting(5, "the number of classes K, from 1 on", ge=1)


@FURTHER_METRICS.register("r")
class RecallAmongFirst(FurtherMetric):
    """Share of an image's positives among its K highest scores, of images with more than K known classes."""

    Options = FirstOptions
    label = "R@"
    over = "images"

    def values(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return recall_among_first(scores, labels, self.options.k)


@FURTHER_METRICS.register("ranking_loss")
class RankingLoss(FurtherMetric):
    """Share of an image's pairs of a positive and a negative in which the positive scores no higher."""

    label = "ranking loss"
    over = "images"
    lower_is_better = True
    reference = "Tsoumakas, Katakis and Vlahavas, Mining Multi-label Data, 2010"

    def values(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return image_ranking_loss(scores, labels)


@FURTHER_METRICS.register("coverage")
class CoverageError(FurtherMetric):
    """Number of classes down to which an image's scores must be read to meet all its positives."""

    label = "coverage"
    over = "images"
    lower_is_better = True
    percent = False
    reference = "Tsoumakas, Katakis and Vlahavas, Mining Multi-label Data, 2010"

    def values(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return coverage_error(scores, labels)
