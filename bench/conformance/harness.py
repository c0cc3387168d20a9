"""The harness on toy data: the resources of `bench run` with features that are drawn instead of encoded."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import torch
from PIL import Image

from bench.conformance.toy_data import DIM, GRID, NAMES, ToyText, build_task, draw_toy_data
from bench.data import Dataset, Split
from bench.errors import UsageError
from bench.features import FeatureSet
from bench.records.cells import Cell
from bench.records.component import Component
from bench.settings.config import NoOptions
from bench.settings.conversion import build, values
from bench.training import TrainingResult, run_cell
from bench.training.images import CellImages
from bench.training.resources import Resources
from methods import METHODS, Method
from protocols import PROTOCOLS
from protocols.splits import held_out

TRAIN, TEST, PERCENT, HOLDOUT = 60, 40, 50, 20
QUICK = {"epochs": 3, "batch_size": 20, "ema": 0.9, "schedule": "onecycle", "warmup": 1}
"""Short, and with everything on that has a state: averaged weights, rising and falling rate, pseudo-labels."""


class _Unseen(Sequence[Image.Image]):
    """Placeholder images that are never read."""

    def __init__(self, count: int):
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> NoReturn:
        raise IndexError("toy images have features only")


class ToyImages(Dataset):
    """60 training and 40 test images of the toy world; it stays reachable, as a real dataset does."""

    name = "toy_images"
    Options = NoOptions

    def __init__(self, labels: np.ndarray):
        super().__init__(NoOptions(), None, Path())
        self._train = Split(tuple(f"train{i}" for i in range(TRAIN)), labels, _Unseen(TRAIN))
        test = draw_toy_data(TEST, seed=1).labels.numpy()
        self._test = Split(tuple(f"test{i}" for i in range(TEST)), test, _Unseen(TEST))

    @property
    def class_names(self) -> tuple[str, ...]:
        return NAMES

    @property
    def train(self) -> Split:
        return self._train

    @property
    def test(self) -> Split:
        return self._test


def toy_images(change: Callable[[np.ndarray], np.ndarray] | None = None) -> ToyImages:
    """The dataset with its training labels as they are, or changed."""
    labels = draw_toy_data(TRAIN, seed=0).labels.numpy().copy()
    return ToyImages(change(labels) if change else labels)


def opposite_where_hidden(labels: np.ndarray) -> np.ndarray:
    """Each label that the cells of `toy_cell` hide the other way round, found without the harness."""
    hidden = PROTOCOLS.get("partial")().observe(labels, PERCENT, seed=0) == 0
    hidden[held_out(len(labels), HOLDOUT, seed=0)[1]] = True
    return np.where(hidden, -labels, labels)


class ToyResources(Resources):
    """Resources of cells whose images are those of the toy world."""

    def __init__(self, dataset: Dataset):
        cpu, silent = torch.device("cpu"), lambda title, done, total: None
        super().__init__(dataset, cpu, Path(), progress=silent)
        self.images = ToyFeatures(dataset, cpu, Path(), progress=silent)


class ToyFeatures(CellImages):
    """The toy world's features and text tower in place of a backbone's."""

    def features(self, cell: Cell, split: str, *variant: Any, **prepare: Any) -> FeatureSet:
        data = draw_toy_data(TRAIN, seed=0) if split == "train" else draw_toy_data(TEST, seed=1)
        return FeatureSet(data.features.dense.half().numpy(), data.features.pooled.numpy())

    @functools.cached_property
    def _toy_backbone(self) -> Any:
        position = build_task(torch.zeros(1, len(NAMES))).position
        return SimpleNamespace(grid=GRID, dim=DIM, logit_scale=12.0, position=position, text=ToyText())

    def backbone(self, component: Component) -> Any:
        return self._toy_backbone


def toy_cell(method: type[Method], dataset: Dataset) -> Cell:
    """A short cell of the method, every setting that it takes being quick."""
    config = build(method.Config, _taken(method), owner=method.name)
    observed = method.labels == "observed"
    return Cell(
        method=Component(method.name, method.version, values(config), plugin=METHODS.plugin(method.name)),
        dataset=Component(dataset.name),
        protocol=Component("partial" if observed else "full"),
        backbone=Component("toy"),
        percent=PERCENT if observed else None,
        seed=0,
        holdout=HOLDOUT,
    )


def _taken(method: type[Method]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name, value in QUICK.items():
        try:
            build(method.Config, {**changed, name: value}, owner=method.name)
        except UsageError:
            continue
        changed[name] = value
    return changed


def run(
    cell: Cell, resources: Resources, folder: Path, watch: Callable[..., Any] = lambda epoch, record: None
) -> TrainingResult:
    """Run `cell` in `folder` as a sweep does, without the store around it; the checkpoint stays."""
    (folder / "checkpoint").mkdir(parents=True, exist_ok=True)
    return run_cell(cell, resources.inputs(cell)[0], folder, watch)


class _CutOffError(BaseException):
    """Stands in for SIGKILL between an epoch's line in the curve and its checkpoint."""


def run_cut_off(cell: Cell, resources: Resources, folder: Path, epoch: int) -> None:
    """Run it until that epoch's line in the curve is written."""

    def watch(now: int, record: dict[str, Any]) -> None:
        if now == epoch:
            raise _CutOffError

    try:
        run(cell, resources, folder, watch)
    except _CutOffError:
        return
    raise AssertionError(f"the run ended before epoch {epoch}")
