"""Cells in jobs of a Slurm cluster: submitted as an array, followed in the store, and left running by an interrupt."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Self

from bench.executors.base import Ended, Follow, LostWorkerError, Started
from bench.executors.followed import FollowedCell
from bench.executors.slurm.following import CellInJobs
from bench.executors.slurm.launcher import Launcher
from bench.records.cells import Cell
from bench.system.wording import counted

GATHER_SECONDS = 0.3
"""Cells that come within such a time of each other are submitted together."""

STORE_POLL_SECONDS = 1.0
MOST_SUBMISSIONS = 2
"""How often a cell is submitted whose jobs are gone without a further epoch."""


class SlurmExecutor:
    """Has jobs train the cells, and follows all of them by what they write into the store.

    A cell belongs to the job that claims it. `close` ends no job: the same command follows them again. Followers only
    watch: they receive epochs a little later, and cannot end a cell.
    """

    slots = 10**9

    def __init__(self, launch: Launcher):
        self.launch, self.store, self.scheduler, self.say = launch, launch.store, launch.scheduler, launch.say
        self._turn, self._change = threading.Lock(), threading.Condition()
        self._new: list[CellInJobs] = []
        self._open: list[CellInJobs] = []
        self._closed = False
        self._queried = 0.0
        self._thread: threading.Thread | None = None

    def submit(self, cell: Cell, follow: Follow | None = None, started: Started | None = None) -> Future[Ended]:
        """Have a job train the cell; cells that are submitted at once share their jobs."""
        one = CellInJobs(cell, FollowedCell(follow, started, self._turn), self.store.failed_at(cell.key))
        with self._change:
            self._new.append(one)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="slurm")
                self._thread.start()
        return one.future

    def close(self) -> None:
        """Leave: jobs go on without this process."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
        waiting = [one for one in [*self._new, *self._open] if not one.future.done()]
        for one in waiting:
            one.future.cancel()
        jobs = self.scheduler.alive({job for one in waiting for job in one.jobs}) if waiting else None
        if jobs:
            self.say(f"{counted(len(jobs), 'job')} not ended; `{self.scheduler.cancel_command(jobs)}` would do it.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while not self._sleep(GATHER_SECONDS if self._new else max(STORE_POLL_SECONDS, len(self._open) / 100)):
                with self._change:
                    new, self._new = self._new, []
                self._open += new
                self._give_to_jobs(new)
                self._look()
        except Exception as error:
            for one in [*self._open, *self._new]:
                if not one.future.done():
                    one.future.set_exception(error)

    def _sleep(self, seconds: float) -> bool:
        """Wait; whether this executor was closed meanwhile."""
        with self._change:
            return self._change.wait_for(lambda: self._closed, seconds)

    def _give_to_jobs(self, some: Sequence[CellInJobs]) -> None:
        if some:
            jobs = self.launch([one.cell for one in some])
            for one in some:
                one.jobs, one.submissions = jobs[one.key], one.submissions + 1
            self._queried = time.monotonic()

    def _look(self) -> None:
        """Pass on what is new, and handle the cells whose jobs are gone."""
        is_due = bool(self._open) and time.monotonic() - self._queried > self.scheduler.poll_seconds
        alive = self.scheduler.alive({job for one in self._open for job in one.jobs}) if is_due else None
        for one in self._open:  # behind the question, so that no end is missed
            one.look(self.store)
        if alive is not None:
            self._queried = time.monotonic()
            lost = [one for one in self._open if not one.future.done() and not alive.keys() & set(one.jobs)]
            self._give_to_jobs(self._to_submit_again(lost))
        self._open = [one for one in self._open if not one.future.done()]

    def _to_submit_again(self, lost: Iterable[CellInJobs]) -> list[CellInJobs]:
        """Those of the cells without a living job that get another; the rest have failed, or somebody else has them."""
        by_job, again = defaultdict(list), []
        for one in lost:
            last = self.store.job(one.key)
            by_job[last.job if last and last.job in one.jobs else one.jobs[0]].append(one)
        for job, cells in by_job.items():
            end = self.scheduler.end_of(job)
            ended = f"job {job} is gone{end and f' ({end})'}"
            more = [one for one in cells if end != "CANCELLED" and one.submissions < MOST_SUBMISSIONS]
            for one in cells:
                if one not in more:
                    where = self.scheduler.folder / f"{job}_0_log.err"
                    one.fail(self.store, LostWorkerError(f"{ended} and left this cell; its output is {where}."))
            if more:
                self.say(f"{ended}; {counted(len(more), 'cell')} of it submitted again")
            again += more
        return again
