"""Resources of cells, opened once and shared: a dataset with its images, labels, and what trains on them."""

import functools
from pathlib import Path

import numpy as np
import torch

from bench.axes.components import options_of
from bench.axes.methods import resolved_method
from bench.backbones.packed import weights_content
from bench.data import Dataset
from bench.records.cells import Cell
from bench.records.reader import Targets
from bench.training import Inputs
from bench.training.images import CellImages, EncodeProgress
from bench.training.kept import EVERYTHING, Kept
from bench.training.labels import CellLabels
from bench.training.unread import observed_table
from methods import METHODS, Task
from protocols import PROTOCOLS, MaskFacts, mask_facts


class Resources:
    """Opens what a dataset's cells need, when the first of them needs it."""

    def __init__(
        self, dataset: Dataset, device: torch.device, cache: Path, progress: EncodeProgress, kept: Kept = EVERYTHING
    ):
        """kept: what finished cells keep beside row and scores."""
        self.dataset, self.device, self.kept = dataset, device, kept
        dataset.on_progress = functools.partial(progress, f"drawing {dataset.name}")
        self.images = CellImages(dataset, device, cache, progress)
        self.labels = CellLabels(dataset, cache)

    def inputs(self, cell: Cell) -> tuple[Inputs, MaskFacts]:
        """All that the cell's training may touch, and the facts of its mask.

        The mask is drawn over all training images; the held-out ones are then taken out of the observed labels, and all
        of them for a method that says to use none. Held-out images are judged by all their labels, or by what the mask
        left of these. Where some are unknown, in the mask or in the data itself, classes count of which both a positive
        and a negative are known. A cell that has no test split does not touch the dataset's, nor are its pseudo-labels
        judged: what a search can read reveals no hidden label.
        """
        given = self.labels.given(cell)
        heldout_labels = self.labels.heldout(cell, given)
        splits, (views, strong_views) = self.images.plain_splits(cell), self.images.views(cell)
        inputs = Inputs(
            method=resolved_method(cell.method),
            task=self._task(cell, given.observed),
            train=self.images.features(cell, "train") if "train" in splits else None,
            observed=given.observed,
            train_rows=given.train_rows,
            heldout_rows=given.heldout_rows,
            heldout_labels=heldout_labels,
            test=self.images.features(cell, "test") if "test" in splits else None,
            test_labels=self.dataset.test.measured if cell.test else None,
            device=self.device,
            views=views,
            strong_views=strong_views,
            live=self.images.live(cell),
            hidden_labels=self.labels.hidden(cell, given),
        )
        return inputs, mask_facts(self.dataset.train.labels, given.observed, given.train_rows)

    def task(self, cell: Cell) -> Task:
        """What the cell's method knew before it saw a batch, without a look at any image."""
        return self._task(cell, self.labels.given(cell).observed)

    def _task(self, cell: Cell, observed: np.ndarray) -> Task:
        backbone = self.images.backbone(cell.backbone)
        spared = self.images.pack and not METHODS.get(cell.method.name).text  # the tower of a pack may not be at hand
        return Task(
            class_names=self.dataset.class_names,
            grid=backbone.grid,
            dim=backbone.dim,
            logit_scale=backbone.logit_scale,
            position=backbone.position,
            text_tower=None if spared else backbone.text,
            observed=observed_table(observed, self.device),
        )

    def first_mismatch(self, cell: Cell) -> str | None:
        """The first axis whose name stands for other content here than where the cell was planned ("dataset", ...)."""
        protocol, method = PROTOCOLS.get(cell.protocol.name), resolved_method(cell.method)
        present = {
            "dataset": self.dataset.component.fingerprint,
            "backbone": weights_content(cell.backbone, self.images.pack),
            "protocol": protocol.fingerprint(options_of(cell.protocol, protocol.Options)),
            "method": method.method.fingerprint(method.config),
        }
        return next((axis for axis, content in present.items() if getattr(cell, axis).fingerprint != content), None)

    @property
    def cache(self) -> Path:
        """The folder of drawn images, features and masks."""
        return self.images.cache

    @property
    def progress(self) -> EncodeProgress:
        """Receives how far an encoding is."""
        return self.images.progress

    @property
    def targets(self) -> Targets:
        test = self.dataset.test
        return Targets(test.ids, test.measured, self.dataset.class_names)
