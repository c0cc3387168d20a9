"""Jobs that are forks of the test's process, each running what submitit runs in a job of its local cluster."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from submitit.core.submission import process_job
from submitit.core.utils import DelayedSubmission, JobPaths

FORK = multiprocessing.get_context("fork")


class ForkedScheduler:
    """Starts jobs at once and lists those that run; `gone` says how the others ended.

    requeued: whether a job that asks to be started again is, as Slurm does it.
    """

    name, poll_seconds = "forked", 0.1

    def __init__(self, folder: Path, gone: str = ""):
        self.folder, self.gone = folder, gone
        self.processes: dict[str, Any] = {}

    def submit(self, work: Callable[[], None], count: int) -> list[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        jobs = [f"{len(self.processes) + number}" for number in range(count)]
        for job in jobs:
            delayed = DelayedSubmission(work)
            delayed.set_timeout(60, 10)
            delayed.dump(JobPaths(self.folder, job).submitted_pickle)
            self.start(job)
        return jobs

    def start(self, job: str) -> None:
        """Start a job, or start it again."""
        self.processes[job] = FORK.Process(target=_job, args=(self.folder, job), daemon=True)
        self.processes[job].start()

    def alive(self, jobs: Collection[str]) -> Mapping[str, str]:
        return {job: "RUNNING" for job in jobs if job in self.processes and self.processes[job].is_alive()}

    def end_of(self, job: str) -> str:
        return self.gone

    def cancel_command(self, jobs: Collection[str]) -> str:
        return f"end {' '.join(sorted(jobs))}"

    def end(self) -> None:
        """End what still runs."""
        for process in self.processes.values():
            process.kill()
            process.join()


def _job(folder: Path, job: str) -> None:
    place = {"EXECUTOR": "local", "LOCAL_JOB_ID": job, "LOCAL_GLOBALID": "0"}
    os.environ.update({f"SUBMITIT_{name}": value for name, value in place.items()})
    paths = JobPaths(folder, job, task_id=0)
    sys.stdout, sys.stderr = paths.stdout.open("a"), paths.stderr.open("a")
    with suppress(Exception):  # submitit has written it down
        process_job(folder)
