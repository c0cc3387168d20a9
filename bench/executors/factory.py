"""Creation of executors by name."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from bench.errors import UsageError
from bench.executors.base import Executor
from bench.records.store import Store
from bench.settings.registry import nearest
from bench.system.capacity import WORKER_MEMORY, worker_count

if TYPE_CHECKING:
    from bench.training.resources import Resources

ExecutorName = Literal["auto", "inline", "processes", "ray"]
EXECUTOR_NAMES: tuple[str, ...] = get_args(ExecutorName)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A Ray cluster, and what a cell takes of it.

    address: "auto" for the cluster that this machine belongs to, "local" for one of this machine alone that ends with
    the executor, or HOST:PORT. cpus: of a cell; 0: as many as it has threads. gpus: fractions are allowed; None: one if
    the device is a GPU. memory: GiB. ship_features: whether datasets and features go to the nodes by way of Ray.
    """

    address: str = "auto"
    cpus: float = 0
    gpus: float | None = None
    memory: float = WORKER_MEMORY / 2**30
    ship_features: bool = False


def open_executor(
    name: str,
    resources: "Resources",
    store: Store,
    *,
    workers: int = 0,
    threads: int = 1,
    pending: int | None = None,
    cluster: Cluster | None = None,
) -> Executor:
    """An executor for the cells of `bench`'s dataset, on its device, with its cache; results go into `store`.

    workers: how many cells at once; 0: as many as the machine or cluster holds. threads: CPU threads of each cell.
    pending: how many cells there will be, if that is known. "auto" is "processes", or "inline" where there is room or
    work for one cell only. cluster: for "ray" alone.
    """
    refuse_wrong_use(name, workers, cluster)
    if name == "ray":
        return _ray(resources, store, cluster or Cluster(), workers, threads)
    count = worker_count(workers, pending, resources.device, threads)
    if name == "inline" or (name == "auto" and count == 1):
        from bench.executors.inline import Inline

        return Inline(resources, store, threads)
    from bench.executors.location import Location
    from bench.executors.processes import Processes

    return Processes(Location.of(resources), store, count, resources.device, threads, resources.progress)


def refuse_wrong_use(name: str, workers: int = 0, cluster: Cluster | None = None) -> None:
    """UsageError for what can be seen to be wrong before anything is opened."""
    if name not in EXECUTOR_NAMES:
        raise UsageError(f"--executor {name!r} is not allowed; {nearest(name, EXECUTOR_NAMES)}")
    if name == "inline" and workers > 1:
        raise UsageError(
            f"--executor inline trains one cell at once; leave out --workers {workers}, or give processes."
        )
    if cluster is not None and cluster != Cluster() and name != "ray":
        raise UsageError(
            "--address, --cpus-per-cell, --gpus-per-cell, --memory-per-cell and --ship-features are for a Ray cluster, "
            f"not for --executor {name}; leave them out, or give --executor ray."
        )
    if cluster is None:
        return
    demands = (cluster.cpus, cluster.gpus or 0, cluster.memory)
    if min(demands) < 0 or not all(map(math.isfinite, demands)):
        raise UsageError("--cpus-per-cell, --gpus-per-cell and --memory-per-cell are finite numbers, none below 0.")
    if cluster.gpus is not None and cluster.gpus > 1 and cluster.gpus % 1:
        raise UsageError(f"--gpus-per-cell {cluster.gpus:g} is not allowed; give a fraction of one or a whole number.")
    if name == "ray":
        from bench.executors.ray.cluster import import_ray

        import_ray()


def _ray(resources: "Resources", store: Store, cluster: Cluster, workers: int, threads: int) -> Executor:
    from bench.executors.location import Location
    from bench.executors.ray.cluster import Demands
    from bench.executors.ray.executor import RayExecutor
    from bench.executors.ray.node import NodeLocation
    from bench.executors.ray.shipping import Shipping

    gpus = cluster.gpus if cluster.gpus is not None else float(resources.device.type == "cuda")
    return RayExecutor(
        resources,
        Shipping(resources) if cluster.ship_features else NodeLocation(Location.of(resources)),
        store,
        address=cluster.address,
        demands=Demands(cluster.cpus or threads, gpus, cluster.memory),
        threads=threads,
        workers=workers,
    )
