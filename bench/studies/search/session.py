"""One search from opening its study to its last trial, written into the store as it goes."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from bench.data import Dataset
from bench.executors.base import Executor
from bench.records.cells import Cell
from bench.records.store import Store
from bench.studies.search.archive import SearchArchive
from bench.studies.search.driver import Watcher, run_trials, search_record
from bench.studies.search.outcome import TrialRecord
from bench.studies.search.request import SearchRequest
from bench.studies.search.storage import StudyLocation, hidden
from bench.studies.search.study import Driver, Trials
from bench.system.environment import source_hash
from methods import METHODS


@dataclass(frozen=True)
class Session:
    """An open search: its request, files and study."""

    request: SearchRequest
    dataset: Dataset
    archive: SearchArchive
    trials: Trials

    def run(
        self, executor: Executor, store: Store, watcher: Watcher, total: int, retries: int = 1
    ) -> list[TrialRecord]:
        """Bring the search to `total` trials; `store` holds the cells and is the executor's."""
        try:
            run_trials(self.trials, self.dataset, store, executor, _Saving(self, watcher), total, retries)
        finally:
            self.save()
        return self.archive.trials

    def save(self) -> None:
        """The study as plain files."""
        replaced = self.trials.replaced
        self.archive.save_trials([search_record(trial, trial.number in replaced) for trial in self.trials.all])


def open_search(
    request: SearchRequest,
    dataset: Dataset,
    results: Path,
    *,
    total: int,
    driver: Driver | None = None,
    storage: str | None = None,
    command: Sequence[str] = (),
) -> Session:
    """The search in the store `results`, begun or gone on with. dataset: without a test split (see `blind`)."""
    name = request.id(dataset)
    archive = SearchArchive(results, name)
    first = request.cells(dataset, {})[0]
    code = source_hash(METHODS.get(request.method))
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    trials = Trials(request, name, StudyLocation(archive.folder, storage), driver or Driver())
    before = archive.record["code"] if (archive.folder / "search.json").exists() else code
    archive.save(
        {
            **request.record(dataset),
            "dataset": first.dataset.name,
            "protocol": request.sweep.protocol,
            "backbone": first.backbone.name,
            "percents": list(request.sweep.percents),
            "seeds": list(request.sweep.seeds),
            "holdout": request.sweep.holdout,
            "judged": request.judged,
            "epochs": request.epochs,
            "total": total,
            "storage": hidden(storage) if storage else "journal",
            "optuna": optuna.__version__,
            "code": code,
            "changed_code": code != before,
            "command": list(command),
            "created": now,
            "asked": now,
        }
    )
    session = Session(request, dataset, archive, trials)
    session.save()
    return session


class _Saving:
    """Saves the trials before a watcher is informed of a change."""

    def __init__(self, session: Session, watcher: Watcher):
        self.session, self.watcher = session, watcher

    def trial_started(self, trial: TrialRecord) -> None:
        self.session.save()
        self.watcher.trial_started(trial)

    def epoch_ended(self, number: int, cell: Cell, epoch: int, record: Mapping[str, Any]) -> None:
        self.watcher.epoch_ended(number, cell, epoch, record)

    def trial_ended(self, trial: TrialRecord) -> None:
        self.session.save()
        self.watcher.trial_ended(trial)
