"""Training on a node of a Ray cluster: one cell in a store of its own, which is gone afterwards."""

import dataclasses
import functools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from bench.executors.base import Ended
from bench.executors.mismatch import refuse_other_content, refuse_other_program
from bench.executors.ray.transfer import RESULT, RESUME, CellFiles, pack, unpack
from bench.records.cells import Cell

SHIP_SECONDS = 10.0
"""How often a checkpoint goes home while a cell trains, at most."""

SHIP_SHARE = 20
"""And how many times longer than its last journey took it stays here at least."""

Say = Callable[..., bool]
"""Sends (kind, content...) to the driver and waits for its answer: whether to stop."""


def train_cell(
    cell: Cell, location: Any, device: str, threads: int, code: str, files: CellFiles, post: Any, token: str
) -> tuple[Ended, CellFiles]:
    """Train the cell, from the checkpoint in `files` if there is one; how it ended, and what it left.

    Errors of the cell are returned as an ending, since Ray shall retry only what was lost with a node.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before CUDA starts
    import ray
    import torch

    from bench.executors.attempt import attempt
    from bench.records.store import Store
    from bench.system.threads import limit_threads

    def say(*message: Any) -> bool:
        return ray.get(post.tell.remote(token, message))

    def begun() -> None:
        say("begun")

    limit_threads(threads)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        store = Store(Path(scratch))
        folder = store.folder(cell.key)
        unpack(files, folder)
        try:
            refuse_other_program(code)
            resources = _open(location, torch.device(device))
            resources.images.progress = lambda *progress: say("encoding", *progress)
            refuse_other_content(cell, resources)
        except Exception as error:
            store.fail(cell.key, error)
            ended = Ended.failed(cell.key, error)
        else:
            ended = attempt(cell, store, resources, begun, _Reporter(say, folder))
        return ended, pack(folder, (*RESULT, *(RESUME[1:] if ended.ending == "stopped" else ())))


class _Reporter:
    """Reports each epoch to the driver, from time to time with the newest checkpoint."""

    def __init__(self, say: Say, folder: Path):
        self.say, self.folder = say, folder
        self._due = time.monotonic() + SHIP_SECONDS

    def __call__(self, record: dict[str, Any]) -> bool:
        if time.monotonic() < self._due:
            return self.say("epoch", record, {})
        began = time.monotonic()
        stop = self.say("epoch", record, pack(self.folder, RESUME[1:]))
        self._due = time.monotonic() + max(SHIP_SECONDS, SHIP_SHARE * (time.monotonic() - began))
        return stop


@functools.lru_cache(maxsize=1)
def _open(location: Any, device: Any) -> Any:
    """The resources of this worker, kept for its next cell."""
    return location.open(device, lambda title, done, total: None)


@dataclasses.dataclass(frozen=True)
class NodeLocation:
    """A location on a node: the node's cache, and its own folder of the dataset unless the driver's is there too."""

    location: Any

    def __call__(self, cell: Cell) -> Self:
        return self

    def open(self, device: Any, progress: Any) -> Any:
        from bench.data import DATASETS
        from bench.data.roots import find_root
        from bench.system.paths import default_cache

        root = self.location.root
        if root is not None and not root.exists() and DATASETS.get(self.location.dataset).needs_root:
            root = find_root(self.location.dataset, None)
        return dataclasses.replace(self.location, root=root, cache=default_cache()).open(device, progress)
