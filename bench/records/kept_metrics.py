"""Further metrics as they are kept beside the reports, a file a cell.

What is kept is known by a hash of the scores and labels that it was made from, and by the version of the metric.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.metrics import Measurement
from bench.system.disk import if_allowed
from bench.system.files import read_json, write_json

MEASURED_HOME = "measured"
"""The folder of what is kept, beside the reports."""

_COUNTS = ("judged", "of", "known", "entries")


def metrics_source(scores_digest: str, labels: np.ndarray) -> str:
    """A hash of what the numbers are made from."""
    return hashlib.sha256(scores_digest.encode() + labels.tobytes()).hexdigest()


def keep_metrics(path: Path, source: str, metrics: Mapping[str, Measurement]) -> None:
    """Write the metrics by their identity, unless the disk forbids it."""
    with if_allowed():
        write_json(path, {"of": source, "metrics": {name: _to_json(one) for name, one in metrics.items()}})


def kept_metrics(path: Path, source: str) -> dict[str, Measurement]:
    """What the file holds of these scores; nothing where it is missing, damaged or of others."""
    try:
        data = read_json(path)
        return {str(name): _from_json(one) for name, one in data["metrics"].items()} if data["of"] == source else {}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}


def _to_json(one: Measurement) -> dict[str, Any]:
    """NaN as None, since JSON has no NaN."""
    value, *classes = (None if np.isnan(number) else number for number in (one.value, *one.classes))
    return {**{name: getattr(one, name) for name in _COUNTS}, "value": value, "classes": classes}


def _from_json(data: Mapping[str, Any]) -> Measurement:
    value, *classes = (np.nan if number is None else float(number) for number in (data["value"], *data["classes"]))
    return Measurement(value, **{name: int(data[name]) for name in _COUNTS}, classes=tuple(classes))
