"""A sweep's method as an MLflow run that draws mAP over the ratios."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.records.sweeps import SweepRecord
from bench.tracking.runs.names import COLOUR, NOTE, experiment_name
from bench.tracking.runs.notes import summary_note
from bench.tracking.runs.progress import any_done, ended, sweep_status, time_of
from bench.tracking.runs.spec import MetricPoint, RunSpec
from bench.tracking.runs.survey import Survey
from bench.tracking.runs.views import AVERAGE_TAG, percent_tag

if TYPE_CHECKING:
    from bench.report import Results

RATIO_CURVE_METRIC, AVERAGE_METRIC = "mAP_by_ratio", "mAP_average"


def summary_run(survey: Survey, record: SweepRecord, method: str) -> RunSpec | None:
    """A run whose `mAP_by_ratio` has the percent as its step, so that MLflow's own chart is the paper's figure.

    Its numbers are the report's. While the sweep runs, a mean over seeds is drawn once all of them are done, since
    MLflow cannot take points back. None while there is no number.
    """
    if not any_done(survey, record, method):
        return None
    results = survey.results(record)
    places = [place.key for place in results.selection.places if place.method == method and place.key]
    keys = [key for key in places if key in results.rows]
    if not keys:
        return None
    rows = [results.rows[key] for key in dict.fromkeys(keys)]
    running = survey.running(record)
    points = tuple(sorted(_points(results, method, running), key=lambda p: (p.key, p.step)))
    tags = {
        "kind": "summary",
        "sweep": record.id,
        "method": method,
        "dataset": record.dataset,
        "protocol": record.protocol,
        "backbone": record.backbone,
        "flags": "; ".join(dict.fromkeys(flag for row in rows for flag in row.flags)),
        "missing": f"{len(places) - len(keys)} of {len(places)} places" if len(keys) < len(places) else "",
        COLOUR: survey.colour(record, method),
        NOTE: summary_note(method, record),
        **_numbers(results, method),
    }
    return RunSpec(
        unit=f"summary:{record.id}:{method}",
        experiment=experiment_name(record.dataset, record.protocol),
        name=method,
        status="FINISHED" if len(keys) == len(places) else sweep_status(survey, record),
        start=time_of(record.created),
        end=ended(survey, keys),
        parent=f"sweep:{record.id}",
        tags={name: value for name, value in tags.items() if value},
        points=points,
    )


def _points(results: "Results", method: str, running: bool) -> Iterator[MetricPoint]:
    import pandas as pd

    from bench.report.tables.spread import mean_over_ratios, over_seeds

    selected = results.frame[results.frame["method"] == method]
    known: dict[int | None, set[int]] = {}
    for percent, seed, value in zip(selected["percent"].tolist(), selected["seed"], selected["mAP"], strict=True):
        ratio = None if pd.isna(percent) else int(percent)
        known.setdefault(ratio, set()).add(seed)
        yield MetricPoint(f"{RATIO_CURVE_METRIC}_seed_{seed}", float(value), ratio or 0)
    for (_, ratio), spread in over_seeds(selected, "mAP").items():
        if not running or known.get(ratio) == set(results.seeds):
            yield MetricPoint(RATIO_CURVE_METRIC, spread.mean, ratio or 0)
    complete = all(known.get(ratio) == set(results.seeds) for ratio in results.percents)
    for spread in mean_over_ratios(selected, "mAP", results.percents).values():
        if not running or complete:
            yield MetricPoint(AVERAGE_METRIC, spread.mean, 0)


def _numbers(results: "Results", method: str) -> dict[str, str]:
    """The method's line of the report's table: `82.6 ± 1.2` under `mAP 0.10`, ..., `mAP average`."""
    from bench.report.tables.spread import mean_over_ratios, over_seeds
    from bench.report.tables.standard import number

    selected = results.frame[results.frame["method"] == method]
    numbers = {percent_tag(percent): number(spread) for (_, percent), spread in over_seeds(selected, "mAP").items()}
    if len(results.percents) > 1:
        for spread in mean_over_ratios(selected, "mAP", results.percents).values():
            numbers[AVERAGE_TAG] = number(spread)
    return numbers
