"""Schedulers of jobs by name: Slurm, or this machine in its place."""

from collections.abc import Callable
from pathlib import Path

from bench.errors import UsageError
from bench.executors.slurm.demands import JobDemands
from bench.executors.slurm.local_scheduler import LocalScheduler
from bench.executors.slurm.scheduler import Scheduler
from bench.executors.slurm.slurm_scheduler import SlurmScheduler, refuse_no_slurm
from bench.executors.slurm.submitit_jobs import import_submitit
from bench.system.wording import unquoted

SCHEDULERS: dict[str, Callable[[Path, JobDemands], Scheduler]] = {"slurm": SlurmScheduler, "local": LocalScheduler}


def refuse_no_scheduler(name: str) -> None:
    """UsageError if jobs cannot be submitted to it from here."""
    if name not in SCHEDULERS:
        raise UsageError(f"--slurm-cluster {unquoted(name)} is not allowed; give {' or '.join(SCHEDULERS)}.")
    import_submitit()
    if name == "slurm":
        refuse_no_slurm()
