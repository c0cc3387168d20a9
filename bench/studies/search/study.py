"""A search as an Optuna study: its trials, who runs them, and how many places are left.

A trial is started, reclaimed and counted only while its driver is alone in the storage, so that drivers which share
a study never run one trial twice and together run as many as requested.
"""

import contextlib
import os
import socket
import time
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import optuna
import psutil
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from bench.studies.search.outcome import AS_THEY_WERE, WHICH_FAILED
from bench.studies.search.request import SearchRequest
from bench.studies.search.samplers import Reseeded, distributions, make_pruner
from bench.studies.search.storage import StudyLocation

BEAT_SECONDS = 20.0
LEASE_SECONDS = 600.0
"""A driver on another machine that has given no sign for so long is taken for dead."""

DRIVER, FAILURES, REASON = "driver", "failures", "reason"
REPLACED = "replaced"
OUTSIDE = "outside"
"""Marks a trial that runs with the request's settings outside the space; what was proposed for it is not used."""


class Driver:
    """This process, as other drivers know it."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.about: dict[str, Any] = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": psutil.Process().create_time(),
        }


def is_alive(driver: Mapping[str, Any] | None, now: float) -> bool:
    """Whether a driver still runs: by its process on this machine, by its last sign on another."""
    if driver is None:
        return False
    if driver["host"] != socket.gethostname():
        return now - driver["at"] < LEASE_SECONDS
    try:
        return abs(psutil.Process(driver["pid"]).create_time() - driver["started"]) < 1
    except psutil.NoSuchProcess:
        return False


class Trials:
    """The study of one search, as one driver sees it."""

    def __init__(self, request: SearchRequest, name: str, place: StudyLocation, driver: Driver):
        self.request, self.name, self.place, self.driver = request, name, place, driver
        self.distributions = distributions(request.space)
        self._beat = 0.0
        with self.alone():
            self.study = self._open()
            self.beat()
            self._replace_failed()
            self._reclaim()

    def alone(self) -> AbstractContextManager[None]:
        return self.place.alone(self.name)

    def _open(self) -> optuna.Study:
        study = optuna.create_study(
            study_name=self.name,
            storage=self.place.storage,
            direction="maximize",
            sampler=Reseeded(self.request.sampler, self.request.method, self.request.seed),
            pruner=make_pruner(self.request.pruner, self.request.epochs),
            load_if_exists=True,
        )
        if not study.get_trials(deepcopy=False):  # also where an earlier command was killed just here
            study.set_user_attr("optuna", optuna.__version__)
            if self.request.start is not None:
                study.enqueue_trial(dict(self.request.start), user_attrs={"origin": AS_THEY_WERE})
            elif self.request.outside:
                study.enqueue_trial({}, user_attrs={"origin": AS_THEY_WERE, OUTSIDE: True})
        return study

    @property
    def all(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def counted(self) -> list[FrozenTrial]:
        """The trials that take a place: all but those that failed in an earlier command and are made again."""
        replaced = self.replaced
        return [trial for trial in self.all if trial.number not in replaced]

    @property
    def replaced(self) -> set[int]:
        """Numbers of the trials that failed and were made again as others."""
        return set(self.study.user_attrs.get(REPLACED, ()))

    def next(self, total: int) -> Trial | None:
        """A trial to run, this driver's from now on; None while there is no place for one of `total`.

        What was begun and given back comes first, with the settings that it had.
        """
        with self.alone():
            self._reclaim()
            counted = self.counted()
            waiting = any(trial.state == TrialState.WAITING for trial in counted)
            begun = sum(trial.state != TrialState.WAITING for trial in counted)
            if begun >= total or (not waiting and len(counted) >= total):
                return None
            trial = self.study.ask(self.distributions)
            trial.set_user_attr(DRIVER, self.driver.id)
            return trial

    def places(self, total: int) -> int:
        """How many trials have not ended yet, of `total`."""
        return max(0, total - sum(trial.state.is_finished() for trial in self.counted()))

    def unfinished(self) -> bool:
        """Whether some trial runs, here or with another driver."""
        return any(trial.state == TrialState.RUNNING for trial in self.all)

    def give_back(self, number: int) -> None:
        """A trial that this driver will not end: it waits for another, with its settings, unless it has just ended."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self.place.storage.set_trial_state_values(self._id(number), TrialState.WAITING)

    def _id(self, number: int) -> int:
        return next(trial._trial_id for trial in self.all if trial.number == number)

    def beat(self) -> None:
        """Say that this driver lives."""
        now = time.time()
        if now - self._beat > BEAT_SECONDS:
            self._beat = now
            self.study.set_user_attr(f"driver:{self.driver.id}", {**self.driver.about, "at": now})

    def _reclaim(self) -> None:
        """Give back what dead drivers were running; call it alone."""
        attributes, now = self.study.user_attrs, time.time()
        for trial in self.all:
            if trial.state != TrialState.RUNNING:
                continue
            owner = trial.user_attrs.get(DRIVER)
            if owner != self.driver.id and not is_alive(attributes.get(f"driver:{owner}"), now):
                self.place.storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)

    def _replace_failed(self) -> None:
        """Trials that failed for good in an earlier command are made again, with their settings; call it alone."""
        replaced = self.replaced
        failed = [t for t in self.all if t.state == TrialState.FAIL and t.number not in replaced]
        for trial in failed:
            own = {OUTSIDE: True} if trial.user_attrs.get(OUTSIDE) else {}
            origin = f"trial {trial.number}{WHICH_FAILED}"
            self.study.enqueue_trial(dict(trial.params), user_attrs={"origin": origin, **own})
        if failed:
            self.study.set_user_attr(REPLACED, sorted({*replaced, *(t.number for t in failed)}))
