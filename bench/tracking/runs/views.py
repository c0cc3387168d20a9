"""Saved views of an experiment's page: what MLflow shows without a query being written.

MLflow keeps a view as an experiment tag `mlflow.sharedViewState.<id>`, whose value is JSON with the state of the page
as JSON text (the format of MLflow 3.17's interface; an older one has no menu of views and passes them over).
"""

import datetime
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

from bench.records.sweeps import SweepRecord

PREFIX = "mlflow.sharedViewState."
METHODS_VIEW, CELLS_VIEW = "bench-methods", "bench-cells"
TUNED_VIEW, TRIALS_VIEW = "bench-tuned", "bench-trials"
AVERAGE_TAG = "mAP average"
"""The tag with a method's mean over the ratios."""

_FACETS = {
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
    "orderByAsc": False,
    # Our section of charts stays the first.
    "isAccordionReordered": True,
}


def views(record: SweepRecord) -> dict[str, str]:
    """The tags of the views for an experiment whose newest sweep is `record`."""
    return _tags({METHODS_VIEW: ("mAP over ratios", _methods(record)), CELLS_VIEW: ("Cells", _cells())}, record.created)


def search_views(tuning: str, created: str) -> dict[str, str]:
    """Those for an experiment of searches. tuning: the name of its newest tuning, "" without one."""
    tuned = {TUNED_VIEW: ("Tuned methods", _tuned(tuning))} if tuning else {}
    return _tags({**tuned, TRIALS_VIEW: ("Trials", _trials())}, created)


def _tags(states: Mapping[str, tuple[str, Mapping[str, Any]]], created_at: str) -> dict[str, str]:
    created = int(datetime.datetime.fromisoformat(created_at).timestamp() * 1000)
    return {
        f"{PREFIX}{key}": json.dumps(
            {"name": name, "createdAt": created, "updatedAt": created, "state": json.dumps({**_FACETS, **state})}
        )
        for key, (name, state) in states.items()
    }


def address(server: str, experiment: str, view: str, chart: bool = False) -> str:
    """Where a view opens: not on the page about language models, which MLflow shows first."""
    parameters = {"viewStateShareKey": view, **({"compareRunsMode": "CHART"} if chart else {})}
    query = urllib.parse.urlencode({**parameters, "workflowType": "machine_learning"})
    return f"{server}/#/experiments/{experiment}/runs?{query}"


def percent_tag(percent: int | None) -> str:
    """The tag with a method's number at a ratio; two digits, so that names sort like numbers.

    >>> percent_tag(10), percent_tag(None)
    ('mAP 0.10', 'mAP')
    """
    return "mAP" if percent is None else f"mAP {percent / 100:.2f}"


def _methods(record: SweepRecord) -> dict[str, Any]:
    """Best method first, with the report's table as columns and its figure as the first chart."""
    percents = sorted({place.percent for place in record.places}, key=lambda p: -1 if p is None else p)
    section = "bench-figure"
    return {
        "searchFilter": f"tags.kind = 'summary' and tags.sweep = '{record.id}'",
        "orderByKey": "metrics.`mAP_average`",
        "selectedColumns": ["metrics.`mAP_average`", *(f"tags.`{percent_tag(p)}`" for p in percents)],
        "runsHiddenMode": "SHOW_ALL",
        "compareRunSections": [_section(section, "mAP over the percent of known labels", columns=1, height=520)],
        "compareRunCharts": [_line("mAP_by_ratio", section)],
    }


def _cells() -> dict[str, Any]:
    columns = ["tags.`variant`", "tags.`ratio`", "tags.`seed`", "metrics.`mAP`", "tags.`status`", "tags.`sweep`"]
    section = "bench-curves"
    return {
        "searchFilter": "tags.kind = 'cell'",
        "orderByKey": "metrics.`mAP`",
        "selectedColumns": columns,
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunSections": [_section(section, "Test mAP and loss over epochs", columns=2, height=400)],
        "compareRunCharts": [_line("curve/mAP", section), _line("curve/loss", section)],
    }


def _tuned(tuning: str) -> dict[str, Any]:
    """The tuning's table as columns, its figure as the first chart."""
    metrics = ("heldout_mAP", "heldout_mAP_as_they_were", "heldout_mAP_sd", "test_mAP_as_they_were", "test_mAP_tuned")
    section = "bench-budget"
    return {
        "searchFilter": f"tags.kind = 'tuned' and tags.tune = '{tuning}'",
        "orderByKey": "metrics.`heldout_mAP`",
        "selectedColumns": [*(f"metrics.`{name}`" for name in metrics), "tags.`trials`", "tags.`changed`"],
        "runsHiddenMode": "SHOW_ALL",
        "compareRunSections": [_section(section, "Expected held-out mAP over the trials", columns=1, height=520)],
        "compareRunCharts": [_line("expected_heldout_mAP", section)],
    }


def _trials() -> dict[str, Any]:
    section = "bench-trials"
    return {
        "searchFilter": "tags.kind = 'trial'",
        "orderByKey": "metrics.`objective`",
        "selectedColumns": ["tags.`method`", "metrics.`objective`", "tags.`state`", "tags.`search`"],
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunSections": [_section(section, "Held-out mAP over epochs", columns=1, height=400)],
        "compareRunCharts": [_line("heldout_mAP", section)],
    }


def _section(key: str, name: str, columns: int, height: int) -> dict[str, Any]:
    section = {"uuid": key, "name": name, "columns": columns, "cardHeight": height}
    return {**section, "display": True, "isReordered": False, "deleted": False, "isGenerated": False}


def _line(metric: str, section: str) -> dict[str, Any]:
    return {
        "uuid": f"bench-{metric}",
        "type": "LINE",
        "metricSectionId": section,
        "deleted": False,
        "isGenerated": False,
        "displayName": metric,
        "metricKey": metric,
        "selectedMetricKeys": [metric],
        "runsCountToCompare": 100,
        "lineSmoothness": 0,
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "range": {},
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }
