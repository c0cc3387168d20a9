"""The numbers of a cell as metrics of its run: its curve over epochs, and its row."""

import math
from collections.abc import Iterator
from typing import Any

from bench.records.rows import Row
from bench.tracking.runs.names import metric_key
from bench.tracking.runs.spec import MetricPoint

CURVES = "curve/"
"""Before the names of what has a value an epoch."""


def curve_points(curve: list[dict[str, Any]]) -> Iterator[MetricPoint]:
    seconds = 0.0
    for record in curve:
        seconds += record.get("seconds") or 0.0
        for name, value in record.items():
            if name != "epoch" and is_number(value):
                yield MetricPoint(metric_key(CURVES + name), _finite(value), record["epoch"], seconds)


def row_points(row: Row, seconds: float) -> Iterator[MetricPoint]:
    """The row's numbers, at step 0: MLflow then draws bars. `mAP`, the headline, has the plainest name.

    On a run's page groups are sorted by their first part, so that the curves come first.
    """
    named: dict[str, Any] = {f"test/{name}": value for name, value in row.metrics.items() if name != "mAP"}
    named["mAP"] = row.metrics.get("mAP")
    named |= {f"test_best/{name}": value for name, value in row.test_best.items()}
    named |= {f"test_AP/{name}": value for name, value in row.class_ap.items()}
    named |= {f"run/heldout_best_{name}": value for name, value in (row.heldout_best or {}).items()}
    named |= {f"run/mask_{name}": value for name, value in row.mask.items()}
    named |= {f"run/time_{name}": value for name, value in row.timings.items()}
    named |= {f"run/memory_{name}": value for name, value in row.peak_memory.items()}
    named["run/trainable_parameters"] = row.trainable_parameters
    for name, value in named.items():
        if is_number(value):
            yield MetricPoint(metric_key(name), _finite(value), 0, seconds)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _finite(value: float) -> float:
    """Infinity as NaN: MLflow would store it as the largest float."""
    return float(value) if math.isfinite(value) else math.nan
