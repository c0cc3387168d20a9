"""Experiments of an MLflow database: made where they are missing, described, and given their saved views."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.tracking.database.existing import DIGEST, UNIT
from bench.tracking.database.ledger import Ledger
from bench.tracking.database.location import artifact_place, is_server
from bench.tracking.database.paging import paged
from bench.tracking.runs.how_to_read import how_to_read, is_ours
from bench.tracking.runs.names import NOTE

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment


def opened_experiment(client: "MlflowClient", ledger: Ledger, root: Path, name: str) -> tuple[str, bool]:
    """The experiment's id, tied to this ledger, and whether it was there before; one in the bin is taken out of it."""
    existing = client.get_experiment_by_name(name)
    if existing is None:
        place = None if is_server(ledger.uri) else f"{artifact_place(root)}/{name}"
        # Without the kind, the interface asks what the experiment is about.
        tags = {"mlflow.experimentKind": "custom_model_development", NOTE: how_to_read(name), ledger.tag: ""}
        return client.create_experiment(name, place, tags), False
    if existing.lifecycle_stage == "deleted":
        client.restore_experiment(existing.experiment_id)
    note = existing.tags.get(NOTE, "")
    if is_ours(note):
        _set_tags(client, existing, {NOTE: how_to_read(name)})
    _set_tags(client, existing, {ledger.tag: ""})
    return existing.experiment_id, True


def save_views(client: "MlflowClient", experiment: str, views: dict[str, str]) -> None:
    """Give an experiment its saved views, by their tags."""
    _set_tags(client, client.get_experiment(experiment), views)


def projected_runs(client: "MlflowClient", experiment: str) -> Iterator[tuple[str, str, bool]]:
    """Runs of an earlier projection, by their tags: the unit, the run's id, and whether it was written to its end."""
    for run in paged(client.search_runs, [experiment], max_results=1000):
        if unit := run.data.tags.get(UNIT):
            yield unit, run.info.run_id, DIGEST in run.data.tags


def _set_tags(client: "MlflowClient", experiment: "Experiment", tags: dict[str, str]) -> None:
    for name, value in tags.items():
        if experiment.tags.get(name) != value:
            client.set_experiment_tag(experiment.experiment_id, name, value)
