"""Jobs of a Slurm cluster, several as one array."""

import contextlib
import getpass
import importlib
import io
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.executors.slurm.demands import JobDemands
from bench.executors.slurm.submitit_jobs import MANY, import_submitit, signal_delay, submitted
from bench.records.names import printable

PROGRAMS = ("sbatch", "srun", "squeue")
ANSWER_SECONDS, LONGEST_ANSWER = 60, 400


class SlurmScheduler:
    """Jobs of a Slurm cluster, several as one array. folder: for what is submitted and put out."""

    name, poll_seconds = "slurm", 30.0

    def __init__(self, folder: Path, demands: JobDemands):
        refuse_no_slurm()
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
                return submitted(executor, work, count)
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


def refuse_no_slurm() -> None:
    """UsageError if Slurm's programs are not here."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise UsageError(
            f"--executor slurm needs {missing[0]}, which is not on this machine; give the command on a login node of "
            "the cluster, or --slurm-cluster local to see it at work here."
        )


def _answer(command: Iterable[str]) -> str | None:
    """The output of a program; None where it fails or does not answer."""
    try:
        done = subprocess.run([*command], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
