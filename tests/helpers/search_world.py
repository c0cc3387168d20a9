"""A world in which a search takes milliseconds: cells are not trained, their held-out mAP is a formula."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import Dataset
from bench.data.blind import blind
from bench.executors.base import Ended, Follow
from bench.planning.plan import open_dataset
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.rows import Row
from bench.records.store import Store
from bench.studies.search.archive import cells_of
from bench.studies.search.request import SearchRequest, search_requests
from bench.studies.search.session import Session, open_search

TINY_SCENES = {"n_train": 100, "n_test": 20}
EPOCHS = 6


def level_of(cell: Cell) -> float:
    """Best at lr = 3e-3 and without weight decay; a little higher with more labels."""
    options = cell.method.options
    return 80.0 - 5 * (np.log10(options["lr"]) + 2.5) ** 2 - options["weight_decay"] + (cell.percent or 0) / 100


class FakeExecutor:
    """Ends cells with `level_of`, `slots` at once; `mishap(cell, attempt)` may return a failure or raise.

    started: keys in order of their beginning; epochs: (key, epoch) that were run.
    """

    def __init__(
        self,
        store: Store,
        slots: int = 1,
        level: Callable[[Cell], float] = level_of,
        mishap: Callable[[Cell, int], str] = lambda cell, attempt: "",
    ):
        self.store, self.slots, self.level, self.mishap = store, slots, level, mishap
        self.pool = ThreadPoolExecutor(slots) if slots > 1 else None
        self.turn = threading.Lock()
        self.started: list[str] = []
        self.epochs: list[tuple[str, int]] = []

    def submit(self, cell: Cell, follow: Follow | None = None, started: Any = None) -> Future[Ended]:
        if self.pool is not None:
            return self.pool.submit(self._end, cell, follow)
        future: Future[Ended] = Future()
        future.set_result(self._end(cell, follow))
        return future

    def _end(self, cell: Cell, follow: Follow | None) -> Ended:
        if self.store.state(cell.key) == "done":
            return Ended(cell.key, "cached")
        with self.turn:
            self.started.append(cell.key)
        failure = self.mishap(cell, self.started.count(cell.key))
        if failure:
            return Ended(cell.key, "failed", failure)
        folder = self.store.folder(cell.key)
        folder.mkdir(parents=True, exist_ok=True)
        curve = []
        for epoch in range(1, EPOCHS + 1):
            record = {"epoch": epoch, "heldout_mAP": self.level(cell) - 10 / epoch**2 + 10 / EPOCHS**2}
            curve.append(json.dumps(record) + "\n")
            self.epochs.append((cell.key, epoch))
            (folder / "curve.jsonl").write_text("".join(curve))
            with self.turn:
                if follow and follow(epoch, record):
                    return Ended(cell.key, "stopped")
        row = Row(
            cell=cell, metrics={"heldout_mAP": record["heldout_mAP"]}, test_best={}, heldout_best=None, class_ap={},
            epochs=EPOCHS, mask={}, trainable_parameters=1, timings={}, peak_memory={}, environment={}, code="",
        )  # fmt: skip
        self.store.finish(row, np.zeros((1, 1), np.float32))
        return Ended(cell.key, "done")

    def close(self) -> None:
        if self.pool:
            self.pool.shutdown()

    def __enter__(self):
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


def meeting(folder: Path, mine: str, other: str) -> Callable[[Cell, int], str]:
    """A mishap that is none: no cell of driver `mine` ends before driver `other` has begun one, and the reverse."""

    def wait(cell: Cell, attempt: int) -> str:
        folder.mkdir(exist_ok=True)
        (folder / mine).touch()
        end = time.monotonic() + 600
        while not (folder / other).exists():
            assert time.monotonic() < end, f"driver {other} never began"
            time.sleep(0.01)
        return ""

    return wait


class Watching:
    """Remembers what it was told; `interrupt` raises KeyboardInterrupt when so many trials have ended."""

    def __init__(self, interrupt: int = 0):
        self.ended: list = []
        self.interrupt = interrupt

    def trial_started(self, trial) -> None: ...

    def epoch_ended(self, number: int, cell: Cell, epoch: int, record: Mapping[str, Any]) -> None: ...

    def trial_ended(self, trial) -> None:
        self.ended.append(trial)
        if len(self.ended) == self.interrupt:
            raise KeyboardInterrupt


def a_search(cache: Path, method: str = "bce_iu", **more: Any) -> tuple[SearchRequest, Dataset]:
    """What is asked, and a dataset without a test split."""
    own = ("sampler", "pruner", "seed", "spaces", "judged", "always_start")
    options = {name: more.pop(name) for name in own if name in more}
    settings = {"scenes": TINY_SCENES, **more.pop("overrides", {method: {"epochs": EPOCHS}})}
    sweep = Request(
        (method,), more.pop("percents", (10, 50)), protocol="partial", holdout=20, overrides=settings, **more
    )
    (request,) = search_requests(sweep, **options)
    return request, blind(open_dataset(sweep, cache))


def opened(results: Path, request: SearchRequest, dataset: Dataset, total: int, **more: Any) -> Session:
    return open_search(request, dataset, results, total=total, **more)


def searched(results: Path, request: SearchRequest, dataset: Dataset, total: int, **more: Any):
    """The trials of a search run to `total`, and the executor that ran them."""
    cells = cells_of(Store(results))
    watching = more.pop("watching", Watching())
    retries, storage = more.pop("retries", 1), more.pop("storage", None)
    with FakeExecutor(cells, **more) as executor:
        session = opened(results, request, dataset, total, storage=storage)
        return session.run(executor, cells, watching, total, retries), executor


def without_clocks(trials) -> list[tuple]:
    """Trials without clocks."""
    return [(t.number, t.state, t.settings, t.value, t.cells, t.curve) for t in trials]
