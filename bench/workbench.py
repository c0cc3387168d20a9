"""What cells are made of, opened once and shared: dataset, backbone, features, masks."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.backbones import BACKBONES, Backbone
from bench.cells import Cell, Component
from bench.config import build
from bench.data import Dataset
from bench.errors import UsageError
from bench.features import FeatureSet, cached_features
from bench.runner import Inputs
from bench.store import Targets
from methods import Task
from protocols import PROTOCOLS, MaskFacts, mask_facts
from protocols.splits import held_out

EncodeProgress = Callable[[str, int, int], None]
"""Called with (what is encoded, images done, images in all)."""


def choose_device(name: str = "auto") -> torch.device:
    """The GPU if there is one and nothing else was asked for."""
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {name!r} is not allowed; give auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch finds no GPU here; give auto or cpu.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


class Workbench:
    """Opens what a dataset's cells need, when the first of them needs it."""

    def __init__(self, dataset: Dataset, device: torch.device, cache: Path, progress: EncodeProgress):
        self.dataset, self.device, self.cache, self.progress = dataset, device, cache, progress
        dataset.on_progress = functools.partial(progress, f"drawing {dataset.name}")
        self._backbones: dict[Component, Backbone] = {}
        self._features: dict[tuple[Component, str], FeatureSet] = {}

    def inputs(self, cell: Cell) -> tuple[Inputs, MaskFacts]:
        """All that the cell's training may touch, and the facts of its mask.

        The mask is drawn over all training images; the held-out ones are then taken out of the observed labels.
        """
        labels = self.dataset.train.labels
        protocol_class = PROTOCOLS.get(cell.protocol.name)
        protocol = protocol_class(build(protocol_class.Options, cell.protocol.options, owner=cell.protocol.name))
        observed = protocol.observe(labels, cell.percent, cell.seed)
        train_rows, heldout_rows = held_out(len(labels), cell.holdout, cell.seed)
        observed[heldout_rows] = 0
        heldout_labels = np.zeros_like(labels)
        heldout_labels[heldout_rows] = labels[heldout_rows]
        backbone = self.backbone(cell.backbone)
        task = Task(
            class_names=self.dataset.class_names,
            grid=backbone.grid,
            dim=backbone.dim,
            logit_scale=backbone.logit_scale,
            position=backbone.position,
            text=backbone.text,
            observed=torch.from_numpy(observed).to(self.device),
        )
        inputs = Inputs(
            task=task,
            train=self.features(cell, "train"),
            observed=observed,
            train_rows=train_rows,
            heldout_rows=heldout_rows,
            heldout_labels=heldout_labels,
            test=self.features(cell, "test"),
            test_labels=self.dataset.test.labels,
            device=self.device,
        )
        return inputs, mask_facts(labels[train_rows], observed[train_rows])

    def prepare(self, cell: Cell) -> None:
        """Encode what the cell needs; data that cannot be read shows here, before any cell has failed of it."""
        self.features(cell, "train")
        self.features(cell, "test")

    def backbone(self, component: Component) -> Backbone:
        if component not in self._backbones:
            backbone_class = BACKBONES.get(component.name)
            options: Any = build(backbone_class.Options, component.options, owner=component.name)
            self._backbones[component] = backbone_class(options).to(self.device)
        return self._backbones[component]

    def features(self, cell: Cell, split: str) -> FeatureSet:
        where = (cell.backbone, split)
        if where not in self._features:
            self._features[where] = cached_features(
                part=split,
                split=getattr(self.dataset, split),
                dataset=cell.dataset,
                backbone=self.backbone(cell.backbone),
                component=cell.backbone,
                cache=self.cache,
                progress=functools.partial(self.progress, f"encoding {cell.dataset.name} {split}"),
            )
        return self._features[where]

    @property
    def targets(self) -> Targets:
        test = self.dataset.test
        return Targets(test.ids, test.labels, self.dataset.class_names)
