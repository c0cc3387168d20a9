"""A loader that reads the next batch of images while this one is encoded."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from torch.utils.data import Sampler

from bench.system.cores import cores
from bench.training.live import LiveBatches, PlainImages


class Ahead:
    """A DataLoader for MMEngine's loops, with threads that read the next batch while this one is encoded.

    Threads, not processes: reading and resizing let go of the interpreter, and an image that cannot be read is
    reported as it is.
    """

    def __init__(self, dataset: LiveBatches | PlainImages, sampler: Sampler[np.ndarray], threads: int):
        self.dataset, self.sampler, self.threads = dataset, sampler, threads

    def __len__(self) -> int:
        return len(self.sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        pool = ThreadPoolExecutor(self.threads)
        waiting: deque[tuple[np.ndarray, list[Future[Any]]]] = deque()
        try:
            for rows in self.sampler:
                waiting.append((rows, [pool.submit(self.dataset.load, int(row)) for row in rows]))
                if len(waiting) > 1:
                    yield self._collect(*waiting.popleft())
            while waiting:
                yield self._collect(*waiting.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _collect(self, rows: np.ndarray, jobs: list[Future[Any]]) -> dict[str, Any]:
        return self.dataset.collate(rows, [job.result() for job in jobs])


READERS = 8
"""Threads that read images in live mode, at most."""


def reading_threads() -> int:
    """Threads that read and augment images: one a core that this process may use."""
    return min(READERS, cores())
