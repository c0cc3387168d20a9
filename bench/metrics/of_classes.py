"""Metrics of each class over its images, averaged over classes."""

from dataclasses import dataclass

import numpy as np

from bench.metrics.base import FURTHER_METRICS, FurtherMetric
from bench.settings.config import setting
from bench.stats.class_metrics import area_under_roc, precision_at_recall


@FURTHER_METRICS.register("auroc")
class AreaUnderRoc(FurtherMetric):
    """Area under each class's ROC curve, or how often a positive image scores above a negative one; a tie is half."""

    label = "AUROC"
    reference = "Hanley and McNeil, Radiology 1982"

    def values(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return area_under_roc(scores, labels)


@dataclass(frozen=True, kw_only=True)
class RecallOptions:
    """The value in its name."""

    recall: float = setting(0.8, "the least recall R, above 0 and up to 1", gt=0, le=1)


@FURTHER_METRICS.register("precision")
class PrecisionAtRecall(FurtherMetric):
    """Highest precision of each class among the thresholds that return at least the share R of its positives."""

    Options = RecallOptions
    label = "P@R"
    prefix = "recall"

    def values(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return precision_at_recall(scores, labels, self.options.recall)
