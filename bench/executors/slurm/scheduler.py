"""Schedulers of jobs, through submitit: Slurm, or this machine in its place."""

import contextlib
import getpass
import importlib
import io
import logging
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import psutil

from bench.errors import UsageError
from bench.executors.slurm.demands import JobDemands
from bench.records.names import printable
from bench.system.interrupts import kept_from_children
from bench.system.wording import unquoted

PROGRAMS = ("sbatch", "srun", "squeue")
SIGNAL_SECONDS = 90
"""How long before the end of its time a job is warned."""

MANY = 10**6
"""How often a job may come to the end of its time: what it trains says when that leads nowhere."""

ANSWER_SECONDS, LONGEST_ANSWER = 60, 400


class Scheduler(Protocol):
    """Submits jobs and lists those that are pending or running."""

    name: str
    poll_seconds: float
    folder: Path

    def submit(self, work: Callable[[], None], count: int) -> list[str]:
        """Submit as many jobs that do the same work; their names."""

    def alive(self, jobs: Collection[str]) -> Mapping[str, str] | None:
        """The states of those that are pending or running; None if that cannot be known now."""

    def end_of(self, job: str) -> str:
        """How a job that is gone ended (CANCELLED, OUT_OF_MEMORY), "" if that is not known."""

    def cancel_command(self, jobs: Collection[str]) -> str:
        """The command that ends the jobs."""


class SlurmScheduler:
    """Jobs of a Slurm cluster, several as one array. folder: for what is submitted and put out."""

    name, poll_seconds = "slurm", 30.0

    def __init__(self, folder: Path, demands: JobDemands):
        refuse_no_scheduler(self.name)
        self.folder, self.demands = folder, demands

    def submit(self, work: Callable[[], None], count: int) -> list[str]:
        need = self.demands
        executor = import_submitit().SlurmExecutor(self.folder, max_num_timeout=MANY)
        settings: dict[str, Any] = {
            "job_name": "bench",
            "time": need.minutes,
            "cpus_per_task": need.cpus,
            "mem": f"{max(1, round(need.memory * 1024))}M" if need.memory else None,
            "partition": need.partition,
            "gpus_per_node": need.gpus or None,
            "wckey": None,  # not submitit's own, which a cluster that accounts by such keys refuses
            "array_parallelism": count,
            "signal_delay_s": signal_delay(need.minutes),
            # srun does not take this over from sbatch since Slurm 22.05
            "srun_args": [f"--cpus-per-task={need.cpus}"],
        }
        own = {key.replace("_", "-") for key in settings}
        settings |= {key.replace("-", "_"): value for key, value in need.options.items() if key in own}
        more = {key: value for key, value in need.options.items() if key not in own}
        executor.update_parameters(**settings, additional_parameters={"requeue": True, **more})
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # submitit repeats there what it raises
                return _submitted(executor, work, count)
        except importlib.import_module("submitit.core.utils").FailedJobError as error:
            answer = printable("; ".join(line.strip() for line in str(error).splitlines() if line.strip()))
            raise UsageError(
                f"sbatch refused the jobs ({answer[:LONGEST_ANSWER] or 'without a word'}); change --slurm-partition, "
                "--slurm-time, --slurm-set or what a cell takes, and give the command again."
            ) from None

    def alive(self, jobs: Collection[str]) -> Mapping[str, str] | None:
        command = ["squeue", "--noheader", "--array", "--user", getpass.getuser(), "--format", "%i %T"]
        answer = _answer(command)
        if answer is None:
            return None
        states = dict(line.split(None, 1) for line in answer.splitlines() if len(line.split()) == 2)
        return {job: states[job].strip() for job in jobs if job in states}

    def end_of(self, job: str) -> str:
        answer = _answer(["scontrol", "--oneliner", "show", "job", job]) or ""
        return next((word.partition("=")[2] for word in answer.split() if word.startswith("JobState=")), "")

    def cancel_command(self, jobs: Collection[str]) -> str:
        return f"scancel {' '.join(dict.fromkeys(job.partition('_')[0] for job in jobs))}"


class LocalScheduler:
    """Jobs that are processes of this machine, all at once: to try what Slurm would do."""

    name, poll_seconds = "local", 1.0

    def __init__(self, folder: Path, demands: JobDemands):
        self.folder, self.demands = folder, demands

    def submit(self, work: Callable[[], None], count: int) -> list[str]:
        need = self.demands
        executor = import_submitit().LocalExecutor(self.folder, max_num_timeout=MANY)
        executor.update_parameters(
            timeout_min=need.minutes, gpus_per_node=need.gpus, signal_delay_s=signal_delay(need.minutes)
        )
        with kept_from_children():  # Ctrl-C ends the command, and not its jobs
            return _submitted(executor, work, count)

    def alive(self, jobs: Collection[str]) -> Mapping[str, str] | None:
        return {job: "RUNNING" for job in jobs if _is_job(job)}

    def end_of(self, job: str) -> str:
        return ""

    def cancel_command(self, jobs: Collection[str]) -> str:
        return f"kill {' '.join(jobs)}"


SCHEDULERS: dict[str, Callable[[Path, JobDemands], Scheduler]] = {"slurm": SlurmScheduler, "local": LocalScheduler}


def refuse_no_scheduler(name: str) -> None:
    """UsageError if jobs cannot be submitted to it from here."""
    if name not in SCHEDULERS:
        raise UsageError(f"--slurm-cluster {unquoted(name)} is not allowed; give {' or '.join(SCHEDULERS)}.")
    import_submitit()
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if name == "slurm" and missing:
        raise UsageError(
            f"--executor slurm needs {missing[0]}, which is not on this machine; give the command on a login node of "
            "the cluster, or --slurm-cluster local to see it at work here."
        )


def import_submitit() -> Any:
    """The library that submits jobs, or UsageError that says how to get it."""
    try:
        submitit = importlib.import_module("submitit")
    except ImportError as error:
        raise UsageError(
            f"--executor slurm needs submitit, which cannot be imported here ({error}); "
            "pip install 'missing-label-bench[slurm]', or give another --executor."
        ) from None
    logging.getLogger("submitit").setLevel(logging.WARNING)
    return submitit


def signal_delay(minutes: int) -> int:
    """Seconds before the end of its time at which a job is warned, a fifth of it at most."""
    return min(SIGNAL_SECONDS, minutes * 60 // 5)


def _submitted(executor: Any, work: Callable[[], None], count: int) -> list[str]:
    with executor.batch():
        jobs = [executor.submit(work) for _ in range(count)]
    return [str(job.job_id) for job in jobs]


def _answer(command: Iterable[str]) -> str | None:
    """The output of a program; None where it fails or does not answer."""
    try:
        done = subprocess.run([*command], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _is_job(pid: str) -> bool:
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and "submitit.local._local" in process.cmdline()
    except (psutil.Error, ValueError, OverflowError):
        return False
