"""Cells on a Ray cluster, one task each: nodes need this program and the data, but no disk in common."""

import json
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from bench.executors.base import Ended, Follow, LostWorkerError, Started, level
from bench.executors.followed import FollowedCell
from bench.executors.ray.cluster import RayCluster
from bench.executors.ray.connection import first_line
from bench.executors.ray.demands import GIB, Demands
from bench.executors.ray.mailbox import Mailbox
from bench.executors.ray.node import train_cell
from bench.executors.ray.transfer import RESUME, CellFiles, pack, unpack
from bench.executors.worker import ResourceOpener
from bench.records.cells import Cell
from bench.records.damage import read_curve
from bench.records.layout import CHECKPOINT_FILE
from bench.records.store import Store
from bench.system.files import write_text
from bench.training.resources import Resources

TRIES = 4
"""How often a cell is tried whose worker or node is lost; never if it fails by itself."""

RAY_POLL_SECONDS, PATIENCE = 0.5, 3.0
MOST_WATCHED = 1024


class RayExecutor:
    """One Ray task a cell. This process holds the cell's lock and keeps its curve and its checkpoint up to date.

    location: how a node opens the resources for a cell. address: see `RayCluster`; a "local" one lives as long as this
    executor does. workers: cells at once, at most; 0: as many as fit.
    A lost cell is resumed from the last checkpoint that reached the driver; tasks are not retried by Ray itself, which
    would start them from what they were first sent.
    """

    def __init__(
        self,
        resources: Resources,
        location: Callable[[Cell], ResourceOpener],
        store: Store,
        *,
        address: str = "auto",
        demands: Demands,
        threads: int = 1,
        workers: int = 0,
    ):
        self.resources, self.location, self.store = resources, location, store
        self.threads, self.workers = threads, workers
        self.cluster = RayCluster(address, demands)
        self._ray = self.cluster.ray
        options = {"num_cpus": 0, "max_concurrency": 4 * MOST_WATCHED, "scheduling_strategy": self.cluster.here}
        self._post = self._ray.remote(Mailbox).options(**options).remote()
        self._task = self._ray.remote(train_cell).options(
            num_cpus=demands.cpus, num_gpus=demands.gpus, memory=int(demands.memory * GIB) or None, max_retries=0
        )
        self._pool = ThreadPoolExecutor(MOST_WATCHED, thread_name_prefix="watch")
        self._turn, self._change = threading.Lock(), threading.Lock()
        self._tasks: set[Any] = set()
        self._closed = False

    @property
    def slots(self) -> int:
        """How many cells fit into the cluster as it is now, at least one."""
        capacity = self.cluster.capacity
        return max(1, min(capacity, self.workers or capacity, MOST_WATCHED))

    def submit(self, cell: Cell, follow: Follow | None = None, started: Started | None = None) -> Future[Ended]:
        """Run the cell as soon as a node has room."""
        return self._pool.submit(self._bring_to_end, cell, FollowedCell(follow, started, self._turn))

    def close(self) -> None:
        """Cancel all tasks; checkpoints that reached the driver are kept, to resume from."""
        with self._change:
            self._closed = True
            tasks = list(self._tasks)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for task in tasks:
            self._ray.cancel(task)  # so that every `finally` runs
        self._pool.shutdown()
        left = tasks and self._ray.wait(tasks, num_returns=len(tasks), timeout=PATIENCE)[1]
        for task in left:
            self._ray.cancel(task, force=True)
        self._ray.kill(self._post)
        self.cluster.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def _bring_to_end(self, cell: Cell, followed: FollowedCell) -> Ended:
        with self.store.claim(cell) as folder:
            if folder is None:
                return Ended(cell.key, "elsewhere")
            if self.store.state(cell.key) == "done":
                return Ended(cell.key, "cached", level(self.store.row(cell.key)))
            lost: Exception | None = None
            for _ in range(TRIES):
                try:
                    ended, files = self._try(cell, followed, folder)
                except self._ray.exceptions.RayTaskError as error:
                    (problem,) = str(error).strip().splitlines()[-1:]
                    ended, files = Ended(cell.key, "failed", problem), {"error.txt": str(error).encode()}
                except _lost(self._ray) as error:
                    self._raise_if_closed()
                    lost = error
                    continue
                self._keep(cell, ended, files, folder)
                followed.raise_problem()
                return ended
            left = LostWorkerError(
                f"its worker or node was lost {TRIES} times ({first_line(lost)}); look at that machine's memory."
            )
            self.store.fail(cell.key, left)
            return Ended.failed(cell.key, left)

    def _try(self, cell: Cell, followed: FollowedCell, folder: Path) -> tuple[Ended, CellFiles]:
        """Send the cell off and watch it until it comes back."""
        self._raise_if_closed()
        token = uuid.uuid4().hex
        device = "cuda" if self.cluster.demands.gpus else "cpu"
        files = pack(folder, RESUME) if (folder / CHECKPOINT_FILE).exists() else {}
        task = self._task.remote(
            cell, self.location(cell), device, self.threads, self.cluster.code, files, self._post, token
        )
        with self._change:
            self._tasks.add(task)
        try:
            message = self._post.next.remote(token, None)
            while True:
                ready, _ = self._ray.wait([message, task], num_returns=1, timeout=RAY_POLL_SECONDS)
                self._raise_if_closed()
                if message in ready:
                    stop = self._hear(self._ray.get(message), followed, folder)
                    message = self._post.next.remote(token, stop)
                elif task in ready:
                    return self._ray.get(task)
        finally:
            with self._change:
                self._tasks.discard(task)
            if not self._closed:
                self._post.forget.remote(token)

    def _hear(self, message: tuple[Any, ...], followed: FollowedCell, folder: Path) -> bool:
        """Take a message from the node; whether the cell shall stop."""
        kind, *content = message
        if kind == "begun":
            followed.begin()
        elif kind == "encoding":
            self.resources.progress(*content)
        else:
            record, checkpoint = content
            add_to_curve(record, folder / "curve.jsonl")
            unpack(checkpoint, folder)
            return followed.epoch(record)
        return False

    def _keep(self, cell: Cell, ended: Ended, files: CellFiles, folder: Path) -> None:
        """Make the store what it would be had the cell been trained here."""
        if ended.ending == "done" and cell.test:
            self.store.save_targets(cell.dataset.fingerprint, self.resources.targets)
        if ended.ending != "failed":
            self.store.clear_error(cell.key)
        if ended.ending == "done":
            self.store.forget_attempts(cell.key)
        unpack(files, folder)
        if ended.ending != "stopped":
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise LostWorkerError("the executor was closed while the cell was training.")


def _lost(ray: Any) -> tuple[type[Exception], ...]:
    names = ("WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError", "TaskCancelledError")
    return (LostWorkerError, *(getattr(ray.exceptions, name) for name in names))


def add_to_curve(record: Mapping[str, Any], curve: Path) -> None:
    """Put a line behind those of earlier epochs; a cell that was lost sends some epochs a second time."""
    earlier = [line for line in read_curve(curve) if line["epoch"] < record["epoch"]]
    write_text(curve, "".join(json.dumps(line) + "\n" for line in (*earlier, record)))
