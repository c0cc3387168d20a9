"""Settings of a sweep's execution: where files are kept, and what trains the cells."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.executors import CLUSTERS, Cluster, Executor, open_executor, refuse_wrong_use
from bench.records.store import Store
from bench.system.capacity import WORKER_MEMORY
from bench.system.paths import DEFAULT_RESULTS, default_cache
from bench.tracking.database.location import refuse_no_place

if TYPE_CHECKING:
    from bench.training.kept import Kept
    from bench.training.resources import Resources


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How cells are run: nothing here changes what a cell is.

    results: the store. cache: drawn images and frozen features. device: auto, cpu or cuda. workers: processes that
    train at once; 0: one a core, or one on a GPU. executor: auto, inline, processes, ray or slurm. threads: CPU threads
    of each cell. cluster: for ray and slurm. weights: whether cells keep their final weights. test_curve: whether they
    score the test split after each epoch, and not after the last one only. mlflow: whether MLflow
    follows while cells run. tracking_uri: an MLflow server; by default the store's own database.
    """

    results: Path = DEFAULT_RESULTS
    cache: Path = field(default_factory=default_cache)
    device: str = "auto"
    workers: int = 0
    executor: str = "auto"
    threads: int = 1
    cluster: Cluster = field(default_factory=Cluster)
    weights: bool = True
    test_curve: bool = True
    mlflow: bool = True
    tracking_uri: str | None = None

    @property
    def kept(self) -> "Kept":
        from bench.training.kept import Kept

        return Kept(self.weights, self.test_curve)

    @property
    def store(self) -> Store:
        return Store(self.results)

    @property
    def encodes_here(self) -> bool:
        """Whether this process encodes images before cells need them: the nodes of a cluster do it themselves."""
        return self.executor not in CLUSTERS

    def refuse_slurm(self) -> None:
        """UsageError, for commands that choose cells while others run."""
        if self.executor == "slurm":
            raise UsageError(
                "--executor slurm takes cells that are known beforehand, which trials of a search are not; give the "
                "command in a job of its own, with another --executor."
            )

    def check(self) -> None:
        """UsageError for what can be seen to be wrong before anything is opened or made."""
        refuse_wrong_use(self.executor, self.workers, self.cluster)
        if self.tracking_uri is not None:
            refuse_no_place(self.tracking_uri)

    def open_executor(
        self,
        resources: "Resources",
        store: Store,
        pending: int | None = None,
        memory: int = WORKER_MEMORY,
        largest: int = WORKER_MEMORY,
        say: Callable[[str], None] = lambda text: None,
    ) -> Executor:
        """The executor of these cells; `store` is where they are kept, and `say` takes what a person is told."""
        return open_executor(
            self.executor,
            resources,
            store,
            workers=self.workers,
            threads=self.threads,
            pending=pending,
            memory=memory,
            largest=largest,
            cluster=self.cluster,
            say=say,
        )
