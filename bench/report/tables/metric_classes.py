"""Further metrics class by class: a table for each, and all numbers as records."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.metrics import FurtherMetric
from bench.records.reader import StoreReader
from bench.report.classes import frequencies
from bench.report.figures.many_methods import has_many_methods, methods_to_draw
from bench.report.results import Results
from bench.report.tables.flags import common_flags, own_flags, rows_of
from bench.report.tables.metrics import file_word, measure_of
from bench.report.tables.ratios import seed_caption
from bench.report.tables.spread import mean_over_ratios, spread
from bench.report.tables.standard import number, ranks
from bench.report.tables.table import Table, Value

CLASS_LINES = 100
"""Classes that a table has room for; the CSV file has all."""


def class_tables(results: Results, store: StoreReader) -> dict[str, Table]:
    """A table for each metric of classes, by its file name."""
    metrics = [metric for metric in results.metrics if metric.over == "classes" and results.measurements]
    return {f"metrics_by_class_{file_word(metric)}": _table(results, metric, store) for metric in metrics}


def _table(results: Results, metric: FurtherMetric, store: StoreReader) -> Table:
    """Class x method: the most frequent classes first, as far as there is room, without those that are not judged."""
    positives, split = frequencies(next(iter(results.rows.values())), store)
    values, methods = _values(results, metric), methods_to_draw(results)
    judged = [i for i in np.argsort(-positives, kind="stable") if not np.isnan(values[:, i]).all()]
    measure = measure_of(metric)
    rows = []
    for place in judged[:CLASS_LINES]:
        means = mean_over_ratios(results.frame.assign(value=values[:, place]), "value", results.percents)
        styles = ranks(results, {m: measure.sign * s.mean for m, s in means.items() if m in methods})
        numbers = [
            Value(number(means[m], measure.digits), styles[m]) if m in means else Value("-", "missing") for m in methods
        ]
        rows.append((Value(_class_names(results)[place]), Value(f"{positives[place]:,}"), *numbers))
    averages = ", averages over ratios" if len(results.percents) > 1 else ""
    best = f" The best {len(methods)} methods by mAP." if has_many_methods(results) else ""
    few = f" The {CLASS_LINES} most frequent of {len(judged):,} judged classes." if len(judged) > CLASS_LINES else ""
    return Table(
        title=f"{metric.label}{metric.parameter} by class{averages}",
        columns=("class", "positives", *methods),
        rows=tuple(rows),
        caption=(
            f"Classes by their positives in the {split} images, most first; {seed_caption(results)}.{best}{few}"
            f"{common_flags(results)}{''.join(_flag_sentences(results, methods))}"
        ),
    )


def _flag_sentences(results: Results, methods: Sequence[str]) -> Iterator[str]:
    """The flags that column heads cannot hold."""
    for method in methods:
        flags = own_flags(results, rows_of(results, method))
        if flags:
            yield f" {method}: {'; '.join(flags)}."


def class_records(results: Results) -> list[dict[str, Any]]:
    """All classes of all metrics of classes, at every ratio: means over seeds in full precision."""
    return list(_records(results))


def _records(results: Results) -> Iterator[dict[str, Any]]:
    names = _class_names(results)
    for metric in (one for one in results.metrics if one.over == "classes"):
        for (method, percent), rows in results.filled.items():
            cells = [results.measurements[row.key] for row in rows if row.key in results.measurements]
            for name, *values in zip(names, *(cell[metric.written].classes for cell in cells), strict=False):
                place = spread(values) if not np.isnan(values).any() else spread([])
                yield {
                    "metric": metric.written, "class": name, "method": method, "percent": percent,
                    "value": place.mean, "sd": place.sd, "seeds": place.n,
                }  # fmt: skip


def _class_names(results: Results) -> tuple[str, ...]:
    return tuple(next(iter(results.rows.values())).class_ap)


def _values(results: Results, metric: FurtherMetric) -> np.ndarray:
    """By line of the frame and class (L, C); NaN where there is none."""
    none = (np.nan,) * len(_class_names(results))
    cells = {key: cell[metric.written].classes for key, cell in results.measurements.items()}
    return np.array([cells.get(key, none) for key in results.frame["key"]])
