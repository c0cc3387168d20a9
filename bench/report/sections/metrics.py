"""The sections of further metrics: their averages and ratios, and those of classes class by class."""

from collections.abc import Iterator
from typing import Any

from bench.errors import DataError
from bench.records.reader import StoreReader
from bench.records.warnings import warn_once
from bench.report.results import Results
from bench.report.section import Section
from bench.report.tables.metric_classes import class_records, class_tables
from bench.report.tables.metrics import metric_tables


def metric_sections(results: Results, store: StoreReader) -> Iterator[Section]:
    """None where no metric was requested."""
    if not results.metrics:
        return
    first, *more = metric_tables(results).items()
    name, table = first
    yield Section(name, table.title, table, more=dict(more), records=metric_records(results), short="Further metrics")
    try:
        classes = class_tables(results, store)
    except (OSError, DataError) as error:
        warn_once(str(error))
        return
    records = class_records(results) if classes else []
    yield Section(
        "metrics_by_class",
        "Further metrics by class",
        more=classes,
        by_method=False,
        records=records,
        short="Metrics by class",
    )


def metric_records(results: Results) -> list[dict[str, Any]]:
    """Every place and metric in full precision, with what it was taken over."""
    places = results.frame[["method", "percent", "seed", "key"]].to_dict("records")
    return [
        {
            **{str(column): value for column, value in place.items()},
            "metric": name,
            "value": one.value,
            "judged": one.judged,
            "of": one.of,
            "known_entries": one.known,
            "entries": one.entries,
        }
        for place in places
        for name, one in results.measurements.get(place["key"], {}).items()
    ]
