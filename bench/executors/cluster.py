"""A cluster and what a cell takes of it, as settings: refused where they cannot be, before anything is opened."""

import math
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError

CLUSTERS = ("ray", "slurm")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A Ray or a Slurm cluster, and what a cell takes of it.

    cpus: of a cell; 0: as many as it has threads. gpus: None: one if the device is a GPU; Ray allows fractions.
    memory: GiB; None: what the largest cell is estimated to take, at least 1.5 with Ray and 8 with Slurm.

    Of Ray alone: address: "auto" for the cluster that this machine belongs to, "local" for one of this machine alone
    that ends with the executor, or HOST:PORT. ship_features: whether datasets and features go to the nodes by Ray.

    Of Slurm alone: partition: None for the cluster's default. time: of a job: minutes, H:MM:SS or D-HH:MM:SS.
    options: KEY=VALUE of `sbatch`, or KEY. logs: the folder of the jobs' output; None: in the store. scheduler:
    "slurm", or "local" for jobs that are processes of this machine.
    """

    cpus: float = 0
    gpus: float | None = None
    memory: float | None = None
    address: str = "auto"
    ship_features: bool = False
    partition: str | None = None
    time: str = "24:00:00"
    options: tuple[str, ...] = ()
    logs: Path | None = None
    scheduler: str = "slurm"


OF_ONE = {
    "ray": {"address": "--address", "ship_features": "--ship-features"},
    "slurm": {
        "partition": "--slurm-partition",
        "time": "--slurm-time",
        "options": "--slurm-set",
        "logs": "--slurm-logs",
        "scheduler": "--slurm-cluster",
    },
}
"""Flags for one kind of cluster alone, by setting."""

SHARED = {"cpus": "--cpus-per-cell", "gpus": "--gpus-per-cell", "memory": "--memory-per-cell"}


def refuse_wrong_cluster(name: str, cluster: Cluster) -> None:
    """UsageError for settings that are of another executor than `name`, or that no cluster can give."""
    for kind, flags in OF_ONE.items():
        if name != kind and (given := _given(cluster, flags)):
            raise UsageError(f"{given[0]} is for --executor {kind}, not for {name}; leave it out, or give {kind}.")
    if name not in CLUSTERS and (given := _given(cluster, SHARED)):
        raise UsageError(
            f"{given[0]} is for a Ray or Slurm cluster, not for --executor {name}; leave it out, or give --executor "
            "ray or slurm."
        )
    demands = (cluster.cpus, cluster.gpus or 0, cluster.memory or 0)
    if min(demands) < 0 or not all(map(math.isfinite, demands)):
        raise UsageError("--cpus-per-cell, --gpus-per-cell and --memory-per-cell are finite numbers, none below 0.")
    if cluster.gpus is not None and cluster.gpus % 1 and (cluster.gpus > 1 or name == "slurm"):
        allowed = "a whole number" if name == "slurm" else "a fraction of one or a whole number"
        raise UsageError(f"--gpus-per-cell {cluster.gpus:g} is not allowed; give {allowed}.")


def _given(cluster: Cluster, flags: dict[str, str]) -> list[str]:
    """The flags of settings that are not the default."""
    return [flag for field, flag in flags.items() if getattr(cluster, field) != getattr(Cluster(), field)]
