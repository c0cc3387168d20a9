"""Metrics by name, taken of stored scores: `auroc`, `precision@recall0.8`, `r@5`; `bench ls metrics` lists them.

mAP is the headline and stands in every row (`bench.stats.metrics`); these are computed when somebody asks for them.
"""

from bench.metrics.base import FURTHER_METRICS, FurtherMetric, Measurement
from bench.metrics.names import parse_metrics

__all__ = ["FURTHER_METRICS", "FurtherMetric", "Measurement", "parse_metrics"]
