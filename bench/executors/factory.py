"""Creation of executors by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, get_args

from bench.errors import UsageError
from bench.executors.base import Executor
from bench.executors.cluster import Cluster, refuse_wrong_cluster
from bench.planning.memory import beyond_usual, data_sizes
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.capacity import WORKER_MEMORY, worker_count
from bench.system.wording import nearest

if TYPE_CHECKING:
    from bench.training.resources import Resources

ExecutorName = Literal["auto", "inline", "processes", "ray", "slurm"]
EXECUTOR_NAMES: tuple[str, ...] = get_args(ExecutorName)


def open_executor(
    name: str,
    resources: "Resources",
    store: Store,
    *,
    workers: int = 0,
    threads: int = 1,
    pending: int | None = None,
    memory: int = WORKER_MEMORY,
    largest: int = WORKER_MEMORY,
    cluster: Cluster | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Executor:
    """An executor for the cells of `bench`'s dataset, on its device, with its cache; results go into `store`.

    workers: how many cells at once; 0: as many as the machine or cluster holds. threads: CPU threads of each cell.
    pending: how many cells there will be, if that is known. memory, largest: bytes of the smallest and of the largest
    cell; a cluster sets aside the latter for each where nothing is requested. "auto" is "processes", or "inline" where
    there is room or work for one cell only. cluster: for "ray" and "slurm". say: takes sentences about jobs.
    """
    refuse_wrong_use(name, workers, cluster)
    if name == "ray":
        return _ray(resources, store, cluster or Cluster(), workers, threads, largest)
    if name == "slurm":
        from bench.executors.slurm.executor import SlurmExecutor
        from bench.executors.slurm.launcher import open_launcher

        options: Any = {"workers": workers, "threads": threads, "largest": largest, "say": say}
        launcher = open_launcher(resources, store, cluster or Cluster(), **options)
        return SlurmExecutor(launcher)
    count = worker_count(workers, pending, resources.device, threads, memory)
    if name == "inline" or (name == "auto" and count == 1):
        from bench.executors.inline import Inline

        return Inline(resources, store, threads)
    from bench.executors.location import Location
    from bench.executors.processes import Processes

    def beyond(cell: Cell) -> int:
        if resources.device.type != "cpu":
            return 0
        return beyond_usual(cell, data_sizes(resources.dataset, cell.backbone, resources.cache))

    return Processes(Location.of(resources), store, count, resources.device, threads, resources.progress, beyond)


def refuse_wrong_use(name: str, workers: int = 0, cluster: Cluster | None = None) -> None:
    """UsageError for what can be seen to be wrong before anything is opened."""
    if name not in EXECUTOR_NAMES:
        raise UsageError(f"--executor {name!r} is not allowed; {nearest(name, EXECUTOR_NAMES)}")
    if name == "inline" and workers > 1:
        raise UsageError(
            f"--executor inline trains one cell at once; leave out --workers {workers}, or give processes."
        )
    if cluster is not None:
        refuse_wrong_cluster(name, cluster)
    if name == "ray":
        from bench.executors.ray.connection import import_ray

        import_ray()
    if name == "slurm":
        from bench.executors.slurm.demands import job_demands
        from bench.executors.slurm.schedulers import refuse_no_scheduler

        job_demands(cluster or Cluster(), 1)
        refuse_no_scheduler((cluster or Cluster()).scheduler)


def _ray(resources: "Resources", store: Store, cluster: Cluster, workers: int, threads: int, largest: int) -> Executor:
    from bench.executors.location import Location
    from bench.executors.ray.demands import Demands
    from bench.executors.ray.executor import RayExecutor
    from bench.executors.ray.node import NodeLocation
    from bench.executors.ray.shipping import Shipping

    gpus = cluster.gpus if cluster.gpus is not None else float(resources.device.type == "cuda")
    memory = largest / 2**30 if cluster.memory is None else cluster.memory
    return RayExecutor(
        resources,
        Shipping(resources) if cluster.ship_features else NodeLocation(Location.of(resources)),
        store,
        address=cluster.address,
        demands=Demands(cluster.cpus or threads, gpus, memory),
        threads=threads,
        workers=workers,
    )
