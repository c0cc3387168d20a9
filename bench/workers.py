"""Worker processes that share a sweep with this one, through the store's locks alone."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import torch

from bench.cells import Cell
from bench.plan import Sweep, cells, open_dataset, plan
from bench.store import Store
from bench.sweep import Ending, run_cells
from bench.workbench import Workbench

WORKER_MEMORY = 1.5 * 2**30
"""What a worker needs beside its features, which all workers map from one file (measured on the embedded benchmark)."""


def worker_count(asked: int, pending: int, device: torch.device) -> int:
    """How many processes train at once: as asked; by default a core each on a CPU, one on a GPU, as memory allows."""
    if asked:
        return min(asked, max(pending, 1))
    if device.type != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, pending, int(psutil.virtual_memory().available // WORKER_MEMORY)))


@contextmanager
def assisted(by: int, sweep: Sweep, results: Path, cache: Path, device: torch.device, threads: int) -> Iterator[None]:
    """While the block runs, `by` further processes run the sweep's cells that nobody holds."""
    context = multiprocessing.get_context("spawn")
    work = (sweep, results, cache, device, threads, os.getpid())
    processes = [context.Process(target=_assist, args=work, daemon=True) for _ in range(by)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _assist(sweep: Sweep, results: Path, cache: Path, device: torch.device, threads: int, parent: int) -> None:
    torch.set_num_threads(threads)
    dataset = open_dataset(sweep, cache)
    bench = Workbench(dataset, device, cache, progress=lambda what, done, total: None)
    todo: Sequence[Cell] = list(cells(plan(sweep, dataset)))
    try:
        run_cells(todo, Store(results), bench, _WhileParentLives(parent))
    except KeyboardInterrupt:
        return


class _WhileParentLives:
    """A silent observer that ends this process when the one that started it is gone."""

    def __init__(self, parent: int):
        self.parent = parent

    def cell_started(self, cell: Cell) -> None:
        self._check()

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        self._check()

    def cell_ended(self, cell: Cell, ending: Ending, message: str) -> None:
        self._check()

    def _check(self) -> None:
        if os.getppid() != self.parent:
            raise KeyboardInterrupt
