"""Further metrics of finished cells, from their stored scores; each is computed once and kept.

They are kept beside the reports, a file a cell. What is kept is known by a hash of the scores and labels that it was
made from, and by the version of the metric.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bench.errors import DataError
from bench.metrics import FurtherMetric, Measurement
from bench.records.damage import warn_once
from bench.records.names import inside
from bench.records.rows import Row
from bench.system.disk import if_allowed
from bench.system.files import read_json, write_json
from bench.system.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

MEASURED_HOME = "measured"
"""The folder of what is kept, beside the reports."""

_SCORES = "scores.npz"
_COUNTS = ("judged", "of", "known", "entries")

Measurements = Mapping[str, Mapping[str, Measurement]]
"""By cell key, then by the metric's written name; a cell whose scores or labels cannot be had is not in it."""


class ScoredStore(Protocol):
    """The parts of a store that are read here."""

    root: Path

    def file(self, key: str, name: str) -> Path: ...

    def scores(self, key: str) -> np.ndarray: ...

    def targets(self, content: str) -> Any: ...


def measured(
    rows: Sequence[Row], store: ScoredStore, metrics: Sequence[FurtherMetric], progress: Progress | None = None
) -> Measurements:
    """The metrics of these cells, but for those without a test split; what an earlier call has computed is read."""
    labels: dict[str, np.ndarray] = {}
    measurements = {}
    rows = [row for row in rows if "mAP" in row.metrics]
    for done, row in enumerate(rows, start=1):
        try:
            measurements[row.key] = _of_cell(row, store, metrics, labels)
        except (OSError, DataError) as error:
            warn_once(f"no further metrics: {error}")
        if progress is not None:
            progress(done, len(rows))
    return measurements


def with_columns(frame: "pd.DataFrame", metrics: Sequence[FurtherMetric], measurements: Measurements) -> "pd.DataFrame":
    """The frame of a row a `key`, with a column for each metric under its written name; NaN where there is none."""
    columns = {
        metric.written: [
            measurements[key][metric.written].value if key in measurements else np.nan for key in frame["key"]
        ]
        for metric in metrics
    }
    return frame.assign(**{name: np.array(values, float) for name, values in columns.items()})


def _of_cell(
    row: Row, store: ScoredStore, metrics: Sequence[FurtherMetric], labels: dict[str, np.ndarray]
) -> Mapping[str, Measurement]:
    content = row.cell.dataset.fingerprint
    if content not in labels:
        labels[content] = store.targets(content).labels
    path = inside(store.root, "reports", MEASURED_HOME, f"{row.key}.json")
    mark = _mark(row, store, labels[content])
    kept = _kept(path, mark)
    missing = [metric for metric in metrics if metric.identity not in kept]
    if missing:
        scores = store.scores(row.key)
        if scores.shape != labels[content].shape:
            raise DataError(f"scores of cell {row.key} are {scores.shape}, the test labels {labels[content].shape}.")
        kept |= {metric.identity: metric.measure(scores, labels[content]) for metric in missing}
        with if_allowed():
            write_json(path, {"of": mark, "metrics": {name: _to_json(one) for name, one in kept.items()}})
    return {metric.written: kept[metric.identity] for metric in metrics}


def _mark(row: Row, store: ScoredStore, labels: np.ndarray) -> str:
    """A hash of what the numbers are made from; that of the scores stands in the row, but in rows of older versions."""
    scores = row.files.get(_SCORES) or hashlib.sha256(store.file(row.key, _SCORES).read_bytes()).hexdigest()
    return hashlib.sha256(scores.encode() + labels.tobytes()).hexdigest()


def _kept(path: Path, mark: str) -> dict[str, Measurement]:
    """What the file holds of these scores; nothing where it is missing, damaged or of others."""
    try:
        data = read_json(path)
        return {str(name): _from_json(one) for name, one in data["metrics"].items()} if data["of"] == mark else {}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}


def _to_json(one: Measurement) -> dict[str, Any]:
    """NaN as None, since JSON has no NaN."""
    value, *classes = (None if np.isnan(number) else number for number in (one.value, *one.classes))
    return {**{name: getattr(one, name) for name in _COUNTS}, "value": value, "classes": classes}


def _from_json(data: Mapping[str, Any]) -> Measurement:
    value, *classes = (np.nan if number is None else float(number) for number in (data["value"], *data["classes"]))
    return Measurement(value, **{name: int(data[name]) for name in _COUNTS}, classes=tuple(classes))
