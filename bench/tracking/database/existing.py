"""State of an MLflow run that is there already, against what its spec says."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bench.tracking.runs.names import NOTE
from bench.tracking.runs.spec import MetricPoint, RunSpec

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

UNIT, DIGEST = "bench.unit", "bench.digest"
PARENT = "mlflow.parentRunId"


def existing_run(client: "MlflowClient", run_id: str) -> "Run | None":
    """The run, or None if it was deleted."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run if run.info.lifecycle_stage == "active" else None


def is_whole(run: "Run", spec: RunSpec, parent: str | None) -> bool:
    tags = run.data.tags
    return (tags.get(DIGEST), tags.get(PARENT), run.info.status) == (spec.digest, parent, spec.status)


def contradicts(client: "MlflowClient", run: "Run", spec: RunSpec) -> bool:
    """Whether the run holds a param or a point that the spec gives another value, or does not have at all."""
    if any(spec.params.get(name) != value for name, value in run.data.params.items()):
        return True
    points = {(p.key, p.step): p.value for p in spec.points}
    return any(not _equal(p.value, points.get((p.key, p.step))) for p in points_of(client, run, spec))


def _equal(a: float, b: float | None) -> bool:
    return b is not None and (a == b or (math.isnan(a) and math.isnan(b)))


def points_of(client: "MlflowClient", run: "Run", spec: RunSpec) -> Iterator[MetricPoint]:
    """The run's metric points. The history is read only where a metric has more than one, since each takes a call."""
    single = {p.key: p for p in spec.points}
    counts = Counter(p.key for p in spec.points)
    for key, latest in run.data.metrics.items():
        if counts[key] == 1 and _equal(latest, single[key].value):
            yield single[key]
            continue
        for metric in client.get_metric_history(run.info.run_id, key):
            yield MetricPoint(key, metric.value, metric.step)


def stale_tags(tags: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """Tags of ours that no longer hold (the error of a cell that was retried); what people added stays."""
    ours = {"error", "flags", "code", "cells_shared", "mask_sha256", "missing", "sweep", "sweeps", PARENT}
    note = {NOTE} if "error" in tags else set()
    return [name for name in tags if (name in ours | note or name.startswith("mAP")) and name not in expected]
