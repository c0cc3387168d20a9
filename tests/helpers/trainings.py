"""Trainings of toy and real methods on tiny data, as a sweep runs them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import Dataset, Split
from bench.errors import UsageError
from bench.planning.plan import cells, plan
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.settings.conversion import build
from bench.training import TrainingResult, run_cell
from bench.training.resources import Resources
from methods import METHODS, Method

TINY = {"n_train": 120, "n_test": 60}
NARROW = {"hidden": 16, "output": 16, "pair_hidden": 8, "pair_output": 8, "projection": 16, "queue": 32}
QUICK = {"epochs": 3, "batch_size": 60, "ema": 0.9, "schedule": "onecycle", "warmup": 1, **NARROW}
"""Short, narrow, and with everything on that has a state: averaged weights, rising and falling rate, pseudo-labels."""

KINDS = ("asl", "cft", "dualcoop", "query2label", "role", "scpnet", "trm_ml")
"""A method of each kind of training: heads, prompts, queries, learned labels, pseudo-labels.

Where the proof runs in real training, for these; `bench.conformance` proves it on toy data for each method.
"""


class Relabelled(Dataset):
    """Another dataset's images with other training labels."""

    name = "relabelled"
    newest: "Relabelled"

    def __init__(self, like: Dataset, labels: np.ndarray):
        super().__init__(like.options, None, like.cache)
        self._like, self._train = like, Split(like.train.ids, labels, like.train.images)
        Relabelled.newest = self

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._like.class_names

    @property
    def train(self) -> Split:
        return self._train

    @property
    def test(self) -> Split:
        return self._like.test


def quiet(title: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def make_cell(
    resources: Resources,
    method: str,
    *,
    percent: int = 50,
    seed: int = 0,
    holdout: int = 0,
    feed: str = "plain",
    protocol: str = "auto",
    fed: dict[str, Any] | None = None,
    **options,
) -> Cell:
    """A cell as `bench run` would plan it; `options` that the method does not take are left out. `fed`: its feed's."""
    known = {name: value for name, value in options.items() if _takes(METHODS.get(method), name, value)}
    # Relabelled stands in for scenes: their options are the same.
    overrides = {method: known, feed: fed or {}}
    sweep = Request((method,), (percent,), (seed,), holdout=holdout, overrides=overrides, feed=feed, protocol=protocol)
    return next(cells(plan(sweep, resources.dataset)))


def _takes(method: type[Method], name: str, value: Any) -> bool:
    try:
        return bool(build(method.Config, {name: value}, owner=method.name))
    except UsageError:
        return False


def run(cell: Cell, resources: Resources, folder: Path, watch: Callable = lambda epoch, record: None) -> TrainingResult:
    """Run `cell` in `folder` as a sweep does, without the store around it; the checkpoint stays."""
    (folder / "checkpoint").mkdir(parents=True, exist_ok=True)
    return run_cell(cell, resources.inputs(cell)[0], folder, watch)


class Recorder:
    """An observer that remembers what it was told; `interrupt` raises KeyboardInterrupt after that many epochs."""

    def __init__(self, interrupt: int = 0):
        self.started: list[str] = []
        self.endings: list[tuple[str, str]] = []
        self.messages: list[str] = []
        self.epochs: list[int] = []
        self.interrupt = interrupt

    def cell_started(self, cell: Cell) -> None:
        self.started.append(cell.key)

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        self.epochs.append(epoch)
        if epoch == self.interrupt:
            raise KeyboardInterrupt

    def cell_ended(self, cell: Cell, ending: str, message: str) -> None:
        self.endings.append((cell.key, ending))
        self.messages.append(message)
