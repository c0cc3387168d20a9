"""Bringing an MLflow database up to date with a store."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import DataError
from bench.records.reader import StoreReader
from bench.system.wording import counted
from bench.tracking.cells import cell_run
from bench.tracking.database import (
    absolute_uri,
    artifact_folder,
    artifact_place,
    default_uri,
    open_client,
    set_moved_aside,
    single_writer,
)
from bench.tracking.ledger import Ledger, LedgerEntry, read_ledger
from bench.tracking.notes import how_to_read, is_ours
from bench.tracking.reachable import TrackingError, is_server, refuse_unreachable
from bench.tracking.saved_views import BROKEN_FILE, saved_views
from bench.tracking.searches import search_run, trial_run
from bench.tracking.spec import NOTE, RunSpec
from bench.tracking.summaries import summary_run
from bench.tracking.survey import Survey, survey
from bench.tracking.sweeps import sweep_run
from bench.tracking.tunings import tune_run, tuned_run
from bench.tracking.writer import DIGEST, UNIT, WriteOutcome, existing_run, write_run

if TYPE_CHECKING:
    from mlflow import MlflowClient

LEDGER = "mlflow.sync.json"
WAIT = 120.0
"""Seconds to wait for another writer."""


@dataclass
class SyncReport:
    """How many runs were made, changed and left alone; problems: what in the store could not be read."""

    uri: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)

    def count(self, outcome: WriteOutcome) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)

    def __str__(self) -> str:
        counts = f"{counted(self.created, 'run')} created, {self.updated} updated, {self.unchanged} unchanged"
        return "\n".join([f"MLflow: {counts} ({self.uri})", *(f"left out {problem}" for problem in self.problems)])


def sync(store: StoreReader, tracking_uri: str | None = None, *, live: bool = False, wait: float = WAIT) -> SyncReport:
    """Project the store into MLflow; doing it twice changes nothing, and a database that is gone is made anew.

    tracking_uri: an MLflow server or database; by default sqlite under the store. live: the newest sweep is being run
    by the caller. TrackingError if MLflow cannot be written within `wait` seconds, or not at all.
    """
    uri = absolute_uri(tracking_uri) if tracking_uri else default_uri(store.root)
    try:
        surveyed = survey(store, live)
    except (OSError, ValueError, KeyError) as error:
        raise TrackingError(f"The store {store.root} could not be read ({type(error).__name__}: {error}).") from error
    if _is_current(surveyed, uri):
        return SyncReport(uri, unchanged=len(surveyed.signatures))
    with single_writer(store.root, wait):
        try:
            refuse_unreachable(uri)
            set_moved_aside(uri, store.root)
            # Read under the lock: what another writer did while this one waited is not done again.
            ledger = read_ledger(store.root / LEDGER, uri)
            client = open_client(uri)
            return _Sync(client, surveyed, ledger).run()
        except (TrackingError, DataError):
            raise
        except Exception as error:
            raise TrackingError(_advice(store, uri, error)) from error


def is_current(store: StoreReader, tracking_uri: str | None = None, live: bool = False) -> bool:
    """Whether a sync would change nothing, found without importing MLflow."""
    uri = absolute_uri(tracking_uri) if tracking_uri else default_uri(store.root)
    return _is_current(survey(store, live), uri)


def _is_current(surveyed: Survey, uri: str) -> bool:
    return read_ledger(surveyed.store.root / LEDGER, uri).holds(surveyed.signatures)


def _advice(store: StoreReader, uri: str, error: Exception) -> str:
    reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"
    if is_server(uri):
        return f"The MLflow server {uri} could not be written ({reason}); check it, then run `bench sync`."
    return (
        f"The MLflow database {uri} could not be written ({reason}); if this stays, move the file away and run "
        f"`bench sync`: it is rebuilt from {store.root}."
    )


@dataclass
class _Sync:
    """One pass over the store, under the writer's lock.

    trusted: the ledger knows every run; otherwise an earlier pass was cut off, or the database is not the one it was.
    """

    client: "MlflowClient"
    survey: Survey
    ledger: Ledger
    runs: dict[str, str] = field(default_factory=dict)
    experiments: dict[str, str] = field(default_factory=dict)
    trusted: bool = False

    @property
    def artifact_root(self) -> Path | None:
        """What artifacts may not leave: that of the store's own database, which may have come with a stranger's store.

        A database or server that the user named may keep them where it likes.
        """
        root = self.survey.store.root
        return artifact_folder(root) if self.ledger.uri == default_uri(root) else None

    def run(self) -> SyncReport:
        report = SyncReport(self.ledger.uri)
        self.trusted = self.ledger.clean
        self.runs = {unit: entry.run for unit, entry in self.ledger.units.items() if entry.run}
        self.ledger.save(clean=False)
        for unit, signature in self.survey.signatures.items():
            known = self.ledger.units.get(unit) if self.trusted else None
            if known and known.signature == signature:
                report.count("unchanged")
                continue
            run = self._project(unit, report)
            self.ledger.units[unit] = LedgerEntry(signature, run)
        for unit in set(self.ledger.units) - set(self.survey.signatures):
            self._forget(unit)
        self._save_views()
        self.ledger.save(clean=True)
        return report

    def _project(self, unit: str, report: SyncReport) -> str:
        """Write the unit's run; its id, "" if there is nothing to show yet."""
        try:
            spec = self._spec(unit)
        except BROKEN_FILE as error:
            report.problems.append(f"{unit} ({type(error).__name__}: {error})")
            return self.runs.get(unit, "")
        if spec is None:
            return ""
        experiment = self._experiment(spec.experiment)
        parent = self.runs.get(spec.parent) if spec.parent else None
        before = self.runs.get(unit)
        self.runs[unit], outcome = write_run(self.client, spec, before, experiment, parent, self.artifact_root)
        report.count(outcome)
        if before not in (None, self.runs[unit]) and spec.parent is None:
            self.trusted = False  # a sweep has another run now, so its children must be hung under that one
        return self.runs[unit]

    def _spec(self, unit: str) -> RunSpec | None:
        kind, _, rest = unit.partition(":")
        if kind == "cell":
            return cell_run(self.survey, rest)
        if kind == "search":
            return search_run(self.survey, self.survey.search(rest))
        if kind == "trial":
            name, _, number = rest.rpartition(":")
            return trial_run(self.survey, self.survey.search(name), int(number))
        if kind == "tune":
            return tune_run(self.survey.tuning(rest))
        sweep, _, method = rest.partition(":")
        if kind == "tuned":
            return tuned_run(self.survey.tuning(sweep), method)
        record = next(record for record in self.survey.sweeps if record.id == sweep)
        return sweep_run(self.survey, record) if kind == "sweep" else summary_run(self.survey, record, method)

    def _experiment(self, name: str) -> str:
        """The experiment's id; it is made, or taken out of the bin, if need be, and tied to this ledger."""
        if name in self.experiments:
            return self.experiments[name]
        existing = self.client.get_experiment_by_name(name)
        if existing is None:
            place = None if is_server(self.ledger.uri) else f"{artifact_place(self.survey.store.root)}/{name}"
            # Without the kind, the interface asks what the experiment is about.
            tags = {"mlflow.experimentKind": "custom_model_development", NOTE: how_to_read(name)}
            self.experiments[name] = self.client.create_experiment(name, place, tags)
        else:
            if existing.lifecycle_stage == "deleted":
                self.client.restore_experiment(existing.experiment_id)
            self.experiments[name] = existing.experiment_id
        experiment = self.experiments[name]
        note = existing.tags.get(NOTE, "") if existing else how_to_read(name)
        if note != how_to_read(name) and is_ours(note):
            self.client.set_experiment_tag(experiment, NOTE, how_to_read(name))
        if existing is None or self.ledger.tag not in existing.tags:
            self.client.set_experiment_tag(experiment, self.ledger.tag, "")
        if existing is not None and not self.trusted:
            self._remember_runs(experiment)
        return experiment

    def _save_views(self) -> None:
        """Give each experiment its saved views."""
        for name, states in saved_views(self.survey).items():
            experiment = self._experiment(name)
            tags = self.client.get_experiment(experiment).tags
            for key, value in states.items():
                if tags.get(key) != value:
                    self.client.set_experiment_tag(experiment, key, value)

    def _remember_runs(self, experiment: str) -> None:
        """Runs of an earlier projection, by their tags; of two for one unit, a complete one is taken."""
        token = None
        while True:
            page = self.client.search_runs([experiment], max_results=1000, page_token=token)
            for run in page:
                unit = run.data.tags.get(UNIT)
                if unit and (unit not in self.runs or DIGEST in run.data.tags):
                    self.runs[unit] = run.info.run_id
            token = page.token
            if not token:
                return

    def _forget(self, unit: str) -> None:
        """Take away the run of a cell or sweep that was removed from the store."""
        entry = self.ledger.units.pop(unit)
        if entry.run and existing_run(self.client, entry.run):
            self.client.delete_run(entry.run)
