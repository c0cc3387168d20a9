"""Further metrics of finished cells, from their stored scores; each is computed once and kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bench.errors import DataError
from bench.metrics import FurtherMetric, Measurement
from bench.records.damage import file_digest
from bench.records.kept_metrics import MEASURED_HOME, keep_metrics, kept_metrics, metrics_source
from bench.records.layout import SCORES_FILE
from bench.records.paths import inside
from bench.records.rows import Row
from bench.records.warnings import warn_once
from bench.system.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

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
    # Rows of older versions do not have the hash of their scores.
    digest = row.files.get(SCORES_FILE) or file_digest(store.file(row.key, SCORES_FILE))
    source = metrics_source(digest, labels[content])
    known = kept_metrics(path, source)
    missing = [metric for metric in metrics if metric.identity not in known]
    if missing:
        scores = store.scores(row.key)
        if scores.shape != labels[content].shape:
            raise DataError(f"scores of cell {row.key} are {scores.shape}, the test labels {labels[content].shape}.")
        known |= {metric.identity: metric.measure(scores, labels[content]) for metric in missing}
        keep_metrics(path, source, known)
    return {metric.written: known[metric.identity] for metric in metrics}
