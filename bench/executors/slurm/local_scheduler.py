"""Jobs that are processes of this machine, in Slurm's place."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import psutil

from bench.executors.slurm.demands import JobDemands
from bench.executors.slurm.submitit_jobs import MANY, import_submitit, signal_delay, submitted
from bench.system.interrupts import kept_from_children


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
            return submitted(executor, work, count)

    def alive(self, jobs: Collection[str]) -> Mapping[str, str] | None:
        return {job: "RUNNING" for job in jobs if _is_job(job)}

    def end_of(self, job: str) -> str:
        return ""

    def cancel_command(self, jobs: Collection[str]) -> str:
        return f"kill {' '.join(jobs)}"


def _is_job(pid: str) -> bool:
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and "submitit.local._local" in process.cmdline()
    except (psutil.Error, ValueError, OverflowError):
        return False
