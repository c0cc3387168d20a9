"""The loop of a search: ask Optuna for a trial, run its cells one after the other, tell it the result.

As many trials are under way as the executor has slots. Pruning looks at a trial's first cell alone (its first ratio and
seed): that cell's held-out mAP is reported after each epoch, with the epoch as step, and the pruner compares it with
the same cell of other trials at the same epoch. Once the first cell has ended, the trial runs to its end; so a step
never means different things, and no ratio is ever compared with another.
"""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from optuna.trial import FrozenTrial, Trial, TrialState

from bench.data import Dataset
from bench.executors.base import Ended, Executor
from bench.records.cells import Cell
from bench.records.store import Store
from bench.studies.search.outcome import TrialRecord, TrialStatus, objective
from bench.studies.search.space import trial_settings
from bench.studies.search.study import FAILURES, OUTSIDE, REASON, Trials

DRIVER_POLL_SECONDS = 0.5
DIVERGED = "DivergedError"
METRIC = "heldout_mAP"
STATES: Mapping[TrialState, TrialStatus] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


class Watcher(Protocol):
    """Receives the progress of a search; one call at a time."""

    def trial_started(self, trial: TrialRecord) -> None: ...

    def epoch_ended(self, number: int, cell: Cell, epoch: int, record: Mapping[str, Any]) -> None: ...

    def trial_ended(self, trial: TrialRecord) -> None: ...


@dataclass
class _Run:
    """A trial under way. failures: of all its cells, in any driver. attempts: of its present cell that failed here."""

    trial: Trial
    settings: dict[str, Any]
    cells: list[Cell]
    values: dict[str, float] = field(default_factory=dict)
    reported: set[int] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    attempts: int = 0

    @property
    def cell(self) -> Cell:
        """The one that is next."""
        return self.cells[len(self.values)]


def run_trials(
    trials: Trials,
    dataset: Dataset,
    store: Store,
    executor: Executor,
    watcher: Watcher,
    total: int,
    retries: int = 1,
) -> None:
    """Bring the study to `total` trials, together with whatever other drivers share it.

    A cell that fails is tried `retries` times more, then its trial has failed. A training that diverged would do so
    again: its trial is pruned at once, which tells a sampler that these settings are bad. However this ends, trials
    that are still under way are given back.
    """
    loop = _Loop(trials, dataset, store, executor, watcher, total, retries)
    try:
        loop.run()
    finally:
        loop.give_back()


@dataclass
class _Loop:
    trials: Trials
    dataset: Dataset
    store: Store
    executor: Executor
    watcher: Watcher
    total: int
    retries: int
    turn: threading.RLock = field(default_factory=threading.RLock)
    open: list[_Run] = field(default_factory=list)
    running: dict[Future[Ended], _Run] = field(default_factory=dict)

    def run(self) -> None:
        while True:
            self._fill()
            if not self.open:
                if not self.trials.unfinished():
                    return
                time.sleep(DRIVER_POLL_SECONDS)  # other drivers have the last trials
                continue
            for run in self.open:
                self._submit(run)
            ended = wait(self.running, timeout=DRIVER_POLL_SECONDS, return_when=FIRST_COMPLETED).done
            for future in ended:
                self._advance(self.running.pop(future), future.result())
            if not self.running and not ended:
                time.sleep(DRIVER_POLL_SECONDS)  # other drivers hold the cells

    def give_back(self) -> None:
        for run in self.open:
            self.trials.give_back(run.trial.number)

    def _fill(self) -> None:
        """Ask for trials while there are slots and places."""
        with self.turn:
            self.trials.beat()
            while len(self.open) < self.executor.slots and (trial := self.trials.next(self.total)) is not None:
                request, outside = self.trials.request, trial.user_attrs.get(OUTSIDE)
                settings = dict(request.outside) if outside else trial_settings(request.space, trial.params)
                run = _Run(trial, settings, request.cells(self.dataset, settings))
                run.reported |= set(self._frozen(run).intermediate_values)
                run.failures += self._frozen(run).user_attrs.get(FAILURES, [])
                trial.set_user_attr("settings", settings)
                self.open.append(run)
                self.watcher.trial_started(self._record(run))

    def _submit(self, run: _Run) -> None:
        """Run the trial's next cell, unless it runs already, for this trial or for one with the same settings."""
        if any(run is other or run.cell.key == other.cell.key for other in self.running.values()):
            return
        cell, first = run.cell, not run.values

        def follow(epoch: int, record: Mapping[str, Any]) -> bool:
            with self.turn:
                self.trials.beat()
                self.watcher.epoch_ended(run.trial.number, cell, epoch, record)
                return first and self._report(run, epoch, record) and run.trial.should_prune()

        self.running[self.executor.submit(cell, follow)] = run

    def _report(self, run: _Run, epoch: int, record: Mapping[str, Any]) -> bool:
        """Tell the study the first cell's held-out mAP of an epoch; False if the epoch has none."""
        if METRIC not in record:
            return False
        if epoch not in run.reported:
            run.reported.add(epoch)
            run.trial.report(record[METRIC], epoch)
        return True

    def _advance(self, run: _Run, ended: Ended) -> None:
        with self.turn:
            match ended.ending:
                case "done" | "cached":
                    self._take(run)
                case "stopped":
                    self._tell(run, TrialState.PRUNED, f"pruned after epoch {max(run.reported, default=0)}")
                case "failed" if ended.message.startswith(DIVERGED):
                    self._tell(run, TrialState.PRUNED, ended.message)
                case "failed":
                    self._fail(run, ended.message)
                case "elsewhere":
                    pass  # submitted again in the next round

    def _take(self, run: _Run) -> None:
        """The cell's number; with the last of them, the trial's."""
        cell = run.cell
        if not run.values:
            for record in self.store.curve(cell.key):  # what ended before this driver came was not followed
                self._report(run, record["epoch"], record)
        run.attempts = 0
        run.values[cell.key] = self.store.row(cell.key).metrics[METRIC]
        if len(run.values) == len(run.cells):
            self._tell(run, TrialState.COMPLETE)

    def _fail(self, run: _Run, message: str) -> None:
        run.attempts += 1
        run.failures.append(message)
        run.trial.set_user_attr(FAILURES, run.failures)
        if run.attempts > self.retries:
            self._tell(run, TrialState.FAIL, message)

    def _tell(self, run: _Run, state: TrialState, reason: str = "") -> None:
        finished = {
            cell.key: {"percent": cell.percent, "seed": cell.seed} for cell in run.cells if cell.key in run.values
        }
        cells = {key: {**axes, METRIC: run.values[key]} for key, axes in finished.items()}
        run.trial.set_user_attr("cells", cells)
        if reason:
            run.trial.set_user_attr(REASON, reason)
        value = objective(list(run.values.values())) if state == TrialState.COMPLETE else None
        self.trials.study.tell(run.trial, value, state=state)
        self.open.remove(run)
        self.watcher.trial_ended(self._record(run))

    def _frozen(self, run: _Run) -> FrozenTrial:
        return self.trials.place.storage.get_trial(run.trial._trial_id)

    def _record(self, run: _Run) -> TrialRecord:
        return search_record(self._frozen(run))


def search_record(trial: FrozenTrial, replaced: bool = False) -> TrialRecord:
    """The record of a trial that the store keeps."""
    attributes, complete = trial.user_attrs, trial.state == TrialState.COMPLETE
    return TrialRecord(
        number=trial.number,
        state="replaced" if replaced else STATES[trial.state],
        settings=attributes.get("settings", {}),
        value=trial.value if complete else None,
        cells=attributes.get("cells", {}),
        curve={str(epoch): value for epoch, value in sorted(trial.intermediate_values.items())},
        failures=tuple(attributes.get(FAILURES, ())),
        reason=attributes.get(REASON, ""),
        origin=attributes.get("origin", ""),
        start=trial.datetime_start.timestamp() if trial.datetime_start else None,
        end=trial.datetime_complete.timestamp() if trial.datetime_complete else None,
    )
