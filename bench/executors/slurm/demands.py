"""Demands of a job, checked: the arguments of `sbatch`."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.errors import UsageError
from bench.executors.cluster import Cluster
from bench.system.wording import shown

MEMORY_GIB = 8.0
LONGEST_MINUTES = 366 * 24 * 60
_TIME = re.compile(r"(?:(?P<days>\d{1,3})-)?(?P<hours>\d{1,4}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)", re.ASCII)
_KEY = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)
_OWN = ("array", "output", "error", "open-mode", "job-name", "signal", "no-requeue", "ntasks", "ntasks-per-node")
"""What this program decides: what jobs are followed by, and that each is one task."""


@dataclass(frozen=True)
class JobDemands:
    """The resources that a job requests. minutes: its time limit. memory: GiB. options: more of `sbatch`, by key."""

    minutes: int
    cpus: int = 1
    gpus: int = 0
    memory: float = MEMORY_GIB
    partition: str | None = None
    options: Mapping[str, str | bool] = field(default_factory=dict)

    @property
    def device(self) -> str:
        """The device of its cells: a job without a GPU must not use those of others."""
        named = (value for key, value in self.options.items() if key.startswith("gpus") and value != "0")
        generic = "gpu" in str(self.options.get("gres", ""))
        return "cuda" if self.gpus or any(named) or generic else "cpu"


def job_demands(cluster: Cluster, threads: int, on_gpu: bool = False, largest: int = 0) -> JobDemands:
    """The demands of a job for cells with so many threads. on_gpu: whether a GPU is requested by default.

    largest: bytes that one of its cells takes, by an estimate; whole GiB are requested.
    """
    options = dict(map(_option, cluster.options))
    asks_gpu = any(key == "gres" or key.startswith("gpus") for key in options)
    default_gpus = int(on_gpu and not asks_gpu)
    return JobDemands(
        minutes=minutes_of(cluster.time),
        cpus=max(1, int(cluster.cpus or threads)),
        gpus=default_gpus if cluster.gpus is None else int(cluster.gpus),
        memory=max(MEMORY_GIB, math.ceil(largest / 2**30)) if cluster.memory is None else cluster.memory,
        partition=cluster.partition,
        options=options,
    )


def minutes_of(text: str) -> int:
    """A time limit in minutes; Slurm's two numbers, which are minutes and seconds, are refused.

    >>> minutes_of("90"), minutes_of("4:00:00"), minutes_of("1-12:00:00")
    (90, 240, 2160)
    """
    if text.isascii() and text.isdigit():
        minutes = int(text[:12])
    elif match := _TIME.fullmatch(text):
        days, hours, rest, seconds = (int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds"))
        minutes = (days * 24 + hours) * 60 + rest + (seconds > 0)
    else:
        raise UsageError(f"--slurm-time {shown(text)} is not allowed; give minutes, H:MM:SS or D-HH:MM:SS.")
    if not 0 < minutes <= LONGEST_MINUTES:
        raise UsageError(f"--slurm-time {shown(text)} is not allowed; give from a minute to a year.")
    return minutes


def _option(text: str) -> tuple[str, str | bool]:
    """A key of `sbatch` without its dashes, and its value; True where there is none."""
    key, equals, value = text.partition("=")
    key, value = key.strip().removeprefix("--").replace("_", "-"), value.strip()
    if not _KEY.fullmatch(key) or (equals and not value) or not value.isprintable():
        raise UsageError(
            f"--slurm-set {shown(text)}: write KEY=VALUE as sbatch takes it, for instance account=vision, or KEY."
        )
    if key in _OWN:
        raise UsageError(f"--slurm-set {key} is decided by this program; leave it out.")
    return key, value if equals else True
