"""Bringing one MLflow run to what its spec says, from whatever state an earlier writer left it in."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from bench.tracking.artifacts import FILES_DIGEST, log_files
from bench.tracking.spec import NOTE, RUN, DatasetFacts, MetricPoint, RunSpec

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

_T = TypeVar("_T")
WriteOutcome = Literal["created", "updated", "unchanged"]

UNIT, DIGEST = "bench.unit", "bench.digest"
PARENT = "mlflow.parentRunId"
METRICS_AT_ONCE, OTHERS_AT_ONCE = 800, 100
"""Metrics, params and tags in one batch: MLflow's REST interface takes 100 of the latter and 1000 of all together."""


def write_run(
    client: "MlflowClient",
    spec: RunSpec,
    run_id: str | None,
    experiment: str,
    parent: str | None,
    artifact_root: Path | None = None,
) -> tuple[str, WriteOutcome]:
    """Create the run, or add to `run_id` what it lacks; its id, and what was done.

    The digest tag goes with the last batch and the status comes after it, so that a run whose writer was killed is
    looked at again. A metric point is never written twice, and a run that holds something which the spec does not (an
    attempt that was started over) is replaced, since MLflow cannot take points back. artifact_root: a folder that
    artifacts may not leave, whatever the database says of their place.
    """
    run = existing_run(client, run_id) if run_id else None
    if run and _is_whole(run, spec, parent):
        return run.info.run_id, "unchanged"
    if run and (run.info.experiment_id != experiment or _contradicts(client, run, spec)):
        client.delete_run(run.info.run_id)
        run = None
    outcome: WriteOutcome = "updated" if run_id else "created"
    if run is None:
        marks = {UNIT: spec.unit, **({PARENT: parent} if parent else {})}
        run = client.create_run(experiment, int(spec.start * 1000), tags={**spec.tags, **marks}, run_name=spec.name)
    _complete(client, run, spec, parent, artifact_root)
    return run.info.run_id, outcome


def _is_whole(run: "Run", spec: RunSpec, parent: str | None) -> bool:
    tags = run.data.tags
    return (tags.get(DIGEST), tags.get(PARENT), run.info.status) == (spec.digest, parent, spec.status)


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


def _complete(
    client: "MlflowClient", run: "Run", spec: RunSpec, parent: str | None, artifact_root: Path | None
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    known, run_id = run.data, run.info.run_id
    began = run.info.start_time
    drawn = {(p.key, p.step) for p in _points_of(client, run, spec)} if known.metrics else set()
    metrics = [
        Metric(p.key, p.value, began + int(p.seconds * 1000), p.step)
        for p in spec.points
        if (p.key, p.step) not in drawn
    ]
    params = [Param(name, value) for name, value in spec.params.items() if name not in known.params]
    expected = {**spec.tags, **({PARENT: parent} if parent else {})}
    if NOTE in expected:
        expected[NOTE] = expected[NOTE].replace(RUN, run_id)
    tags = {name: value for name, value in expected.items() if known.tags.get(name) != value}
    for name in _stale_tags(known.tags, expected):
        client.delete_tag(run_id, name)
    if spec.dataset and not (run.inputs and run.inputs.dataset_inputs):
        client.log_inputs(run_id, [_dataset_input(spec.dataset)])
    log_files(client, run, spec, artifact_root)
    marks = {DIGEST: spec.digest, **({FILES_DIGEST: spec.files_digest} if spec.files else {})}
    _log(client, run_id, metrics, params, [RunTag(name, value) for name, value in {**tags, **marks}.items()])
    _set_status(client, run, spec)


def _log(client: "MlflowClient", run_id: str, metrics: Sequence, params: Sequence, tags: Sequence) -> None:
    """In batches, all tags with the last: within a batch MLflow writes params, then metrics, then tags."""
    batches = list(
        itertools.zip_longest(_chunks(metrics, METRICS_AT_ONCE), _chunks(params, OTHERS_AT_ONCE), fillvalue=())
    )
    for some_metrics, some_params in batches[:-1]:
        client.log_batch(run_id, metrics=some_metrics, params=some_params)
    last_metrics, last_params = batches[-1] if batches else ((), ())
    client.log_batch(run_id, metrics=last_metrics, params=last_params, tags=tags)


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _contradicts(client: "MlflowClient", run: "Run", spec: RunSpec) -> bool:
    """Whether the run holds a param or a point that the spec gives another value, or does not have at all."""
    if any(spec.params.get(name) != value for name, value in run.data.params.items()):
        return True
    points = {(p.key, p.step): p.value for p in spec.points}
    return any(not _equal(p.value, points.get((p.key, p.step))) for p in _points_of(client, run, spec))


def _equal(a: float, b: float | None) -> bool:
    return b is not None and (a == b or (math.isnan(a) and math.isnan(b)))


def _points_of(client: "MlflowClient", run: "Run", spec: RunSpec) -> Iterator[MetricPoint]:
    """The run's metric points. The history is read only where a metric has more than one, since each takes a call."""
    single = {p.key: p for p in spec.points}
    counts = Counter(p.key for p in spec.points)
    for key, latest in run.data.metrics.items():
        if counts[key] == 1 and _equal(latest, single[key].value):
            yield single[key]
            continue
        for metric in client.get_metric_history(run.info.run_id, key):
            yield MetricPoint(key, metric.value, metric.step)


def _stale_tags(tags: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """Tags of ours that no longer hold (the error of a cell that was retried); what people added stays."""
    ours = {"error", "flags", "code", "cells_shared", "mask_sha256", "missing", "sweep", "sweeps", PARENT}
    note = {NOTE} if "error" in tags else set()
    return [name for name in tags if (name in ours | note or name.startswith("mAP")) and name not in expected]


def _dataset_input(facts: DatasetFacts) -> "DatasetInput":
    """The labels a cell learned from, by digest alone: no image and no array goes into MLflow."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = {"dataset_fingerprint": facts.fingerprint, "mask_sha256": facts.mask_sha256}
    dataset = Dataset(
        name=facts.name,
        digest=facts.mask_sha256[:36],  # MLflow's limit
        source_type="bench",
        source=json.dumps(source),
        profile=json.dumps(facts.profile),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _set_status(client: "MlflowClient", run: "Run", spec: RunSpec) -> None:
    if run.info.run_name != spec.name:
        client.update_run(run.info.run_id, name=spec.name)
    if spec.status == "RUNNING":
        if run.info.status != "RUNNING":
            client.update_run(run.info.run_id, status="RUNNING")
    else:
        end = int(spec.end * 1000) if spec.end else None
        client.set_terminated(run.info.run_id, spec.status, end)
