"""Bringing one MLflow run to what its spec says, from whatever state an earlier writer left it in."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bench.tracking.database.artifacts import FILES_DIGEST, log_files
from bench.tracking.database.batches import log_batches
from bench.tracking.database.existing import (
    DIGEST,
    PARENT,
    UNIT,
    contradicts,
    existing_run,
    is_whole,
    points_of,
    stale_tags,
)
from bench.tracking.runs.names import NOTE, RUN
from bench.tracking.runs.spec import DatasetFacts, RunSpec

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

WriteOutcome = Literal["created", "updated", "unchanged"]


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
    if run and is_whole(run, spec, parent):
        return run.info.run_id, "unchanged"
    if run and (run.info.experiment_id != experiment or contradicts(client, run, spec)):
        client.delete_run(run.info.run_id)
        run = None
    outcome: WriteOutcome = "updated" if run_id else "created"
    if run is None:
        marks = {UNIT: spec.unit, **({PARENT: parent} if parent else {})}
        run = client.create_run(experiment, int(spec.start * 1000), tags={**spec.tags, **marks}, run_name=spec.name)
    _complete(client, run, spec, parent, artifact_root)
    return run.info.run_id, outcome


def _complete(
    client: "MlflowClient", run: "Run", spec: RunSpec, parent: str | None, artifact_root: Path | None
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    known, run_id = run.data, run.info.run_id
    began = run.info.start_time
    drawn = {(p.key, p.step) for p in points_of(client, run, spec)} if known.metrics else set()
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
    for name in stale_tags(known.tags, expected):
        client.delete_tag(run_id, name)
    if spec.dataset and not (run.inputs and run.inputs.dataset_inputs):
        client.log_inputs(run_id, [_dataset_input(spec.dataset)])
    log_files(client, run, spec, artifact_root)
    marks = {DIGEST: spec.digest, **({FILES_DIGEST: spec.files_digest} if spec.files else {})}
    log_batches(client, run_id, metrics, params, [RunTag(name, value) for name, value in {**tags, **marks}.items()])
    _set_status(client, run, spec)


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
