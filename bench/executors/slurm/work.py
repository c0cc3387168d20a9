"""Work of a job: trains those of its cells that are free, one after the other, and resumes when it is started again."""

import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.executors.base import Ended, LostWorkerError
from bench.executors.mismatch import refuse_other_content, refuse_other_program
from bench.executors.slurm.output import EncodingLines, say_line
from bench.executors.slurm.submitit_jobs import import_submitit, signal_delay
from bench.records.cells import Cell
from bench.records.jobs import CellJob, write_job
from bench.records.store import Store

if TYPE_CHECKING:
    from bench.executors.worker import ResourceOpener
    from bench.training.resources import Resources

MOST_STARTS = 3
"""How many jobs in a row may begin a cell that does not get any further."""

TERMINATED = 128 + signal.SIGTERM


@dataclass
class Work:
    """What each job of a submission does: all have the same cells, and each cell is trained by the one that claims it.

    failures: when each cell had failed at the submission; one that has failed since is left alone. code: the hash of
    the program that planned them. minutes: the job's time limit.

    Nothing of a training is in here: a job that was cut off finds its cells, their states and checkpoints in the store.
    """

    location: "ResourceOpener"
    results: Path
    cells: tuple[Cell, ...]
    failures: Mapping[str, float]
    device: str
    threads: int
    code: str
    minutes: int
    _began: float = field(default=0.0, init=False)

    def __call__(self) -> None:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before CUDA starts
        self._began = time.monotonic()
        if import_submitit().JobEnvironment().cluster == "local":  # where nothing else can end a job in order
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))

        import torch

        from bench.system.threads import limit_threads

        limit_threads(self.threads)
        store = Store(self.results)
        try:
            refuse_other_program(self.code)
            resources = self.location.open(torch.device(self.device), EncodingLines())
        except Exception as error:
            for cell in self.cells:
                self._fail(store, cell, error)
            raise
        left, held = deque(self.cells), 0
        while held < len(left):  # what other jobs hold when nothing else is left is theirs
            cell = left.popleft()
            if self._train(cell, store, resources).ending == "elsewhere":
                left.append(cell)
                held += 1
            else:
                held = 0
        say_line("no cell is left for this job.")

    def checkpoint(self) -> Any:
        """What submitit starts again after a preemption or at the end of the job's time: the same work."""
        return import_submitit().helpers.DelayedSubmission(replace(self))

    @property
    def out_of_time(self) -> bool:
        """Whether it is the end of the job's time by which it is cut off now."""
        return time.monotonic() - self._began > 60 * self.minutes - 2 * signal_delay(self.minutes)

    def _train(self, cell: Cell, store: Store, resources: "Resources") -> Ended:

        from bench.executors.attempt import attempt

        if store.state(cell.key) == "done" or self._has_failed(store, cell):
            return Ended(cell.key, "cached")
        try:
            refuse_other_content(cell, resources)
        except Exception as error:
            return self._fail(store, cell, error)
        folder, epochs = store.folder(cell.key), cell.epochs
        mine: CellJob | None = None

        def begun() -> None:
            nonlocal mine
            mine = _next_start(store.job(cell.key), len(store.curve(cell.key)))
            write_job(folder, mine)
            if mine.starts > MOST_STARTS:
                raise LostWorkerError(
                    f"{MOST_STARTS} jobs began epoch {mine.epochs + 1} and none ended it: they were killed, or their "
                    f"time was over; look into {mine.stderr}, and give more --memory-per-cell or --slurm-time."
                )
            say_line(f"{cell.title}: begun, {mine.epochs} of {epochs} epochs are there")

        def tell(record: Mapping[str, Any]) -> bool:
            say_line(f"{cell.title}: epoch {record['epoch']} of {epochs}, loss {record.get('loss', 0.0):.4f}")
            return False

        try:
            ended = attempt(cell, store, resources, begun, tell)
        except LostWorkerError as error:
            ended = self._fail(store, cell, error)
        except (SystemExit, KeyboardInterrupt):
            if mine and not self.out_of_time:
                write_job(folder, replace(mine, starts=0))
            raise
        if mine and ended.ending == "failed":
            write_job(folder, replace(mine, starts=0))
        if ended.ending not in ("elsewhere", "cached"):
            say_line(f"{cell.title}: {ended.ending} {ended.message}".rstrip())
        return ended

    def _has_failed(self, store: Store, cell: Cell) -> bool:
        """Whether the cell has failed since the submission."""
        return store.failed_at(cell.key) not in (0.0, self.failures.get(cell.key, 0.0))

    def _fail(self, store: Store, cell: Cell, error: Exception) -> Ended:
        """Record that the cell failed, unless another job holds it or has brought it to an end."""
        with store.claim(cell) as folder:
            if folder is None:
                return Ended(cell.key, "elsewhere")
            if store.state(cell.key) == "done" or self._has_failed(store, cell):
                return Ended(cell.key, "cached")
            store.fail(cell.key, error)
            write_job(folder, _next_start(None, 0))
        return Ended.failed(cell.key, error)


def _next_start(before: CellJob | None, epochs: int) -> CellJob:
    """This job, as that which begins a cell with so many epochs behind the job that began it before."""
    environment = import_submitit().JobEnvironment()
    paths = environment.paths
    starts = before.starts + 1 if before and before.epochs == epochs else 1
    return CellJob(
        environment.job_id, socket.gethostname(), str(paths.stdout), str(paths.stderr), epochs=epochs, starts=starts
    )
