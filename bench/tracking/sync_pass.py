"""One pass of a projection over the store, under the writer's lock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.system.wording import counted
from bench.tracking.database.existing import existing_run
from bench.tracking.database.experiments import opened_experiment, projected_runs, save_views
from bench.tracking.database.ledger import Ledger, LedgerEntry
from bench.tracking.database.location import artifact_folder, default_uri
from bench.tracking.database.writer import WriteOutcome, write_run
from bench.tracking.runs.saved_views import saved_views
from bench.tracking.runs.survey import Survey
from bench.tracking.runs.units import BROKEN_FILE, spec_of

if TYPE_CHECKING:
    from mlflow import MlflowClient


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


@dataclass
class SyncPass:
    """One pass over the store, under the writer's lock.

    signatures: of every unit, parents before their children.
    trusted: the ledger knows every run; otherwise an earlier pass was cut off, or the database is not the one it was.
    """

    client: "MlflowClient"
    survey: Survey
    signatures: Mapping[str, str]
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
        for unit, signature in self.signatures.items():
            known = self.ledger.units.get(unit) if self.trusted else None
            if known and known.signature == signature:
                report.count("unchanged")
                continue
            run = self._project(unit, report)
            self.ledger.units[unit] = LedgerEntry(signature, run)
        for unit in set(self.ledger.units) - set(self.signatures):
            self._forget(unit)
        self._save_views()
        self.ledger.save(clean=True)
        return report

    def _project(self, unit: str, report: SyncReport) -> str:
        """Write the unit's run; its id, "" if there is nothing to show yet."""
        try:
            spec = spec_of(self.survey, unit)
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

    def _experiment(self, name: str) -> str:
        """The experiment's id; what an earlier pass wrote there is looked up where the ledger does not know it."""
        if name not in self.experiments:
            experiment, existed = opened_experiment(self.client, self.ledger, self.survey.store.root, name)
            self.experiments[name] = experiment
            if existed and not self.trusted:
                for unit, run, whole in projected_runs(self.client, experiment):
                    if whole or unit not in self.runs:
                        self.runs[unit] = run
        return self.experiments[name]

    def _save_views(self) -> None:
        for name, views in saved_views(self.survey).items():
            save_views(self.client, self._experiment(name), views)

    def _forget(self, unit: str) -> None:
        """Take away the run of a cell or sweep that was removed from the store."""
        entry = self.ledger.units.pop(unit)
        if entry.run and existing_run(self.client, entry.run):
            self.client.delete_run(entry.run)
