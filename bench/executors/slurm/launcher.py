"""Launching of jobs: cells are given to new jobs unless living ones have them already."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.executors.cluster import Cluster
from bench.executors.location import Location
from bench.executors.slurm.demands import JobDemands, job_demands
from bench.executors.slurm.scheduler import Scheduler
from bench.executors.slurm.schedulers import SCHEDULERS
from bench.executors.slurm.submissions import SLURM_FOLDER, Submission, save, submissions
from bench.executors.slurm.work import Work
from bench.executors.worker import ResourceOpener
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.program import program_hash
from bench.system.wording import counted

if TYPE_CHECKING:
    from bench.training.resources import Resources

MOST_JOBS = 16
"""Jobs of a submission unless `--workers` says how many."""


class Launcher:
    """Gives cells to jobs. workers: jobs of a submission, at most; 0: 16. say: called with sentences for the user."""

    def __init__(
        self,
        location: ResourceOpener,
        store: Store,
        scheduler: Scheduler,
        demands: JobDemands,
        *,
        threads: int = 1,
        workers: int = 0,
        say: Callable[[str], None] = lambda text: None,
    ):
        self.location, self.store, self.scheduler, self.demands = location, store, scheduler, demands
        self.threads, self.workers, self.say = threads, workers or MOST_JOBS, say
        self._code = program_hash()

    def __call__(self, cells: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
        """Make sure that a running or pending job has each of the cells; the names of those jobs, by the cell's key."""
        covering = self._covering()
        free = [cell for cell in cells if cell.key not in covering]
        own = {cell.key: covering[cell.key] for cell in cells if cell.key in covering}
        if own:
            jobs = {job for several in own.values() for job in several}
            self.say(f"followed: {counted(len(jobs), 'job')} from before, for {counted(len(own), 'cell')}")
        if free:
            submission = self._submit(free)
            own |= {cell.key: submission.jobs for cell in free}
        return own

    def _submit(self, cells: Sequence[Cell]) -> Submission:
        failures = {cell.key: self.store.failed_at(cell.key) for cell in cells}
        work = Work(
            location=self.location,
            results=self.store.root.absolute(),
            cells=tuple(cells),
            failures=failures,
            device=self.demands.device,
            threads=self.threads,
            code=self._code,
            minutes=self.demands.minutes,
        )
        jobs = self.scheduler.submit(work, min(self.workers, len(cells)))
        submission = Submission(self.scheduler.name, tuple(jobs), failures, str(self.scheduler.folder))
        save(self.store.root, submission)
        count = f"{counted(len(jobs), 'job')} for {counted(len(cells), 'cell')}"
        self.say(f"submitted {count}: {submission.title}; output in {self.scheduler.folder}")
        return submission

    def _covering(self) -> dict[str, tuple[str, ...]]:
        """The living jobs that have each cell, by its key; those that would pass it by, since it failed, have not."""
        kept = [one for one in submissions(self.store.root) if one.scheduler == self.scheduler.name]
        alive = self.scheduler.alive({job for one in kept for job in one.jobs}) if kept else {}
        covering: dict[str, tuple[str, ...]] = {}
        for one in kept:
            jobs = tuple(job for job in one.jobs if job in (alive or {}))
            for key, failed in one.cells.items() if jobs else ():
                if self.store.failed_at(key) == failed:
                    covering[key] = (*covering.get(key, ()), *jobs)
        return covering


def open_launcher(
    resources: "Resources",
    store: Store,
    cluster: Cluster,
    *,
    workers: int,
    threads: int,
    largest: int,
    say: Callable[[str], None],
) -> Launcher:
    """A launcher for the cells of these resources, whose paths are on a shared disk. largest: bytes that one takes."""
    demands = job_demands(cluster, threads, resources.device.type == "cuda", largest)
    folder = (cluster.logs or store.root / SLURM_FOLDER).absolute()
    here = Location.of(resources)
    location = replace(here, root=here.root and here.root.absolute(), cache=here.cache.absolute())
    scheduler = SCHEDULERS[cluster.scheduler](folder, demands)
    return Launcher(location, store, scheduler, demands, threads=threads, workers=workers, say=say)
