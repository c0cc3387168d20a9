"""Saved views of an experiment's page: what MLflow shows without a query being written.

MLflow keeps a view as an experiment tag `mlflow.sharedViewState.<id>`, whose value is JSON with the state of the page
as JSON text (the format of MLflow 3.17's interface; an older one has no menu of views and passes them over).
"""

import datetime
import json
import urllib.parse
from typing import Any

from bench.records.sweeps import SweepRecord

PREFIX = "mlflow.sharedViewState."
METHODS_VIEW, CELLS_VIEW = "bench-methods", "bench-cells"

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
    created = int(datetime.datetime.fromisoformat(record.created).timestamp() * 1000)
    states = {METHODS_VIEW: ("mAP over ratios", _methods(record)), CELLS_VIEW: ("Cells", _cells())}
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


def average_tag() -> str:
    return "mAP average"


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
