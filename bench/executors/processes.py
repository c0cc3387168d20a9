"""Cells in processes of this machine: spawned once, kept warm, and replaced one by one when they are lost."""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import torch

from bench.executors.base import Ended, Follow, LostWorkerError, Started
from bench.executors.followed import FollowedCell
from bench.executors.memory_needs import MemoryNeeds
from bench.executors.worker import ResourceOpener
from bench.executors.worker_process import STOP_SECONDS, WorkerProcess, exit_advice, worker_device
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.capacity import available_memory
from bench.training.images import EncodeProgress

MEMORY_POLL_SECONDS = 0.5

CELL_ATTEMPTS = 2
"""How often a cell is tried whose worker is killed under it."""


class Processes:
    """`workers` processes with `threads` CPU threads each; on GPUs, they take the devices in turn.

    Each worker holds the lock of the cell that it trains, so that a cell is free the moment its worker is gone, and is
    watched by a thread of this process. While memory is low, cells wait as long as others train.
    """

    def __init__(
        self,
        location: ResourceOpener,
        store: Store,
        workers: int,
        device: torch.device,
        threads: int,
        progress: EncodeProgress,
        beyond: Callable[[Cell], int] = lambda cell: 0,
    ):
        """beyond: an estimate of what a cell takes beside a usual worker's memory."""
        self.location, self.store, self.threads, self.progress = location, store, threads, progress
        self.slots = workers
        self.device = device
        self._needs = MemoryNeeds(store, beyond)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._own = threading.local()
        self._workers: list[WorkerProcess] = []
        self._turn, self._change = threading.Lock(), threading.Lock()
        self._training = 0
        self._closed = False

    def submit(self, cell: Cell, follow: Follow | None = None, started: Started | None = None) -> Future[Ended]:
        """Run the cell as soon as a worker is free."""
        return self._pool.submit(self._bring_to_end, cell, FollowedCell(follow, started, self._turn))

    def close(self) -> None:
        """End all workers; the futures of what they trained raise CancelledError or LostWorkerError."""
        with self._change:
            self._closed = True
            workers = list(self._workers)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in workers:
            worker.stop(max(0.0, deadline - time.monotonic()))
        self._pool.shutdown()  # before any pipe is closed here: a thread that watches one closes it itself
        for worker in workers:
            worker.pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def _bring_to_end(self, cell: Cell, followed: FollowedCell) -> Ended:
        for _ in range(CELL_ATTEMPTS):
            with self._enough_memory(cell):
                worker = self._worker()
                ended = worker.run(cell, followed, self.progress)
            if ended is not None:
                if ended.ending == "done":
                    self._needs.learn(cell)
                followed.raise_problem()
                return ended
            if self._closed:
                raise LostWorkerError("the executor was closed while the cell was training.")
        error = LostWorkerError(f"{worker.exit_reason}, {CELL_ATTEMPTS} times; {exit_advice(worker.process.exitcode)}.")
        with self.store.claim(cell) as folder:
            if folder is not None and self.store.state(cell.key) != "done":
                self.store.fail(cell.key, error)
        return Ended.failed(cell.key, error)

    @contextlib.contextmanager
    def _enough_memory(self, cell: Cell) -> Any:
        """Wait until there is memory for one more training, or nothing else trains."""
        while True:
            need = self._needs.of(cell, warm=self._has_worker())
            with self._change:
                if self._closed:
                    raise LostWorkerError("the executor was closed before the cell was trained.")
                if not self._training or available_memory() >= need:
                    self._training += 1
                    break
            time.sleep(MEMORY_POLL_SECONDS)
        try:
            yield
        finally:
            with self._change:
                self._training -= 1

    def _has_worker(self) -> bool:
        worker = getattr(self._own, "worker", None)
        return worker is not None and worker.process.is_alive()

    def _worker(self) -> "WorkerProcess":
        """This thread's worker, started if there is none."""
        if self._has_worker():
            return self._own.worker
        with self._change:
            if self._closed:
                raise LostWorkerError("the executor was closed before the cell was trained.")
            lost = getattr(self._own, "worker", None)
            number = lost.number if lost else len(self._workers)
            worker = WorkerProcess(number, self.location, self.store, worker_device(self.device, number), self.threads)
            if lost:
                self._workers[number] = worker
            else:
                self._workers.append(worker)
            self._own.worker = worker
        return worker
