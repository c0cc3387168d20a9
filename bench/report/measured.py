"""Further metrics in a report: taken of the stored scores of its cells, as last columns of its frame."""

import dataclasses
from collections.abc import Iterable

from bench.metrics import FurtherMetric, Measurement, parse_metrics
from bench.records.measured import measured, with_columns
from bench.records.reader import StoreReader
from bench.report.results import Results
from bench.system.progress import Progress


def with_metrics(
    results: Results, store: StoreReader, names: str | Iterable[str], progress: Progress | None = None
) -> Results:
    """The results with these metrics (`bench ls metrics`); UsageError for a name that is none."""
    metrics = parse_metrics(names)
    if not metrics:
        return results
    measurements = measured(list(results.rows.values()), store, metrics, progress)
    frame = with_columns(results.frame, metrics, measurements)
    return dataclasses.replace(results, frame=frame, metrics=metrics, measurements=measurements)


def any_measurement(results: Results, metric: FurtherMetric) -> Measurement | None:
    """One cell's: what can be judged depends on the test labels, which all cells share. None where no cell has any."""
    return next((cell[metric.written] for cell in results.measurements.values()), None)
