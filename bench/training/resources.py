"""Resources of cells, opened once and shared: dataset, backbone, features, masks."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from bench.axes.components import options_of
from bench.axes.methods import ResolvedMethod, resolved_method
from bench.backbones import Backbone
from bench.backbones.packed import opened_backbone, weights_content
from bench.data import Dataset
from bench.data.pack import Pack
from bench.features import FeatureSet, Prepare, cached_features, packed_features
from bench.features.augmentation import AUGMENTATIONS, Augmentation
from bench.features.feeds import ViewsOptions, feed_options
from bench.records.cells import Cell
from bench.records.component import Component, canonical_json
from bench.records.reader import Targets
from bench.system.seeding import numpy_stream
from bench.system.sparse import SparseLabels
from bench.training import Inputs
from bench.training.hidden import HiddenLabels
from bench.training.live import Live, augmented_image
from bench.training.masks import Masks, judgeable_heldout
from bench.training.unread import observed_table
from methods import METHODS, Task
from protocols import PROTOCOLS, MaskFacts, mask_facts

EncodeProgress = Callable[[str, int, int], None]
"""Called with (title of the work, images done, images in all)."""


class Resources:
    """Opens what a dataset's cells need, when the first of them needs it."""

    def __init__(
        self, dataset: Dataset, device: torch.device, cache: Path, progress: EncodeProgress, keep_weights: bool = True
    ):
        """keep_weights: whether finished cells keep their final weights."""
        self.keep_weights = keep_weights
        self.dataset, self.device, self.cache, self.progress = dataset, device, cache, progress
        dataset.on_progress = functools.partial(progress, f"drawing {dataset.name}")
        self.pack = dataset if isinstance(dataset, Pack) else None
        self._backbones: dict[Component, Backbone] = {}
        self.encoded: dict[tuple[Component, str, str], FeatureSet] = {}

    def inputs(self, cell: Cell) -> tuple[Inputs, MaskFacts]:
        """All that the cell's training may touch, and the facts of its mask.

        The mask is drawn over all training images; the held-out ones are then taken out of the observed labels, and all
        of them for a method that says to use none. Held-out images are judged by all their labels, or by what the mask
        left of these. Where some are unknown, in the mask or in the data itself, classes count of which both a positive
        and a negative are known. A cell that has no test split does not touch the dataset's, nor are its pseudo-labels
        judged: what a search can read reveals no hidden label.
        """
        labels = self.dataset.train.labels
        method = resolved_method(cell.method)
        observed, judged, train_rows, heldout_rows = self._labels(cell, method)
        if cell.judged == "observed" or (len(heldout_rows) and self.dataset.has_unknown):
            judged = judgeable_heldout(cell, judged)
        heldout_labels = np.broadcast_to(np.int8(0), labels.shape)
        if len(heldout_rows):
            heldout_labels = np.zeros(labels.shape, np.int8)
            heldout_labels[heldout_rows] = judged
        reads, live = self._reads(cell), self.live(cell)
        weak, strong = self._views(cell)
        inputs = Inputs(
            method=method,
            task=self._task(cell, observed),
            train=self.features(cell, "train") if "train" in reads else None,
            observed=observed,
            train_rows=train_rows,
            heldout_rows=heldout_rows,
            heldout_labels=heldout_labels,
            test=self.features(cell, "test") if "test" in reads else None,
            test_labels=self.dataset.test.measured if cell.test else None,
            device=self.device,
            views=weak,
            strong_views=strong,
            live=live,
            hidden_labels=self._hidden(cell, observed, heldout_rows),
        )
        return inputs, mask_facts(labels, observed, train_rows)

    @functools.cached_property
    def masks(self) -> Masks:
        """What protocols leave of the training labels."""
        return Masks(self.dataset.train, self.cache)

    def first_mismatch(self, cell: Cell) -> str | None:
        """The first axis whose name stands for other content here than where the cell was planned ("dataset", ...)."""
        protocol, method = PROTOCOLS.get(cell.protocol.name), resolved_method(cell.method)
        present = {
            "dataset": self.dataset.component.fingerprint,
            "backbone": weights_content(cell.backbone, self.pack),
            "protocol": protocol.fingerprint(options_of(cell.protocol, protocol.Options)),
            "method": method.method.fingerprint(method.config),
        }
        return next((axis for axis, content in present.items() if getattr(cell, axis).fingerprint != content), None)

    def _hidden(self, cell: Cell, observed: np.ndarray, heldout_rows: np.ndarray) -> HiddenLabels | None:
        """What is hidden in the images trained on, for evaluation; labels held as lists are hidden by no protocol."""
        if not cell.test or isinstance(observed, SparseLabels):
            return None
        return HiddenLabels(self.dataset.train.judged, observed, heldout_rows)

    def task(self, cell: Cell) -> Task:
        """What the cell's method knew before it saw a batch, without a look at any image."""
        return self._task(cell, self._labels(cell, resolved_method(cell.method))[0])

    def selection_labels(self, cell: Cell) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels that something may be chosen by, int8, and rows.

        What the method was given (N, C), what held-out images may be judged by (H, C), and their rows (H,).
        """
        observed, judged, _, heldout_rows = self._labels(cell, resolved_method(cell.method))
        return observed, judged, heldout_rows

    def _labels(self, cell: Cell, method: ResolvedMethod) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Observed labels (N, C), labels that held-out images may be judged by (H, C), training and held-out rows."""
        train_rows, heldout_rows = self.masks.heldout_rows(cell)
        judged = self.dataset.train.judged[heldout_rows]
        if cell.judged == "observed":
            judged = np.where(judged != 0, self.masks.whole(cell)[heldout_rows], np.int8(0))
        unlabelled = method.method.labels == "none"
        observed = self.masks.empty if unlabelled else self.masks.observed(cell, heldout_rows)
        return observed, judged, train_rows, heldout_rows

    def _task(self, cell: Cell, observed: np.ndarray) -> Task:
        backbone = self.backbone(cell.backbone)
        spared = self.pack and not METHODS.get(cell.method.name).text  # the tower of a pack may not be at hand
        return Task(
            class_names=self.dataset.class_names,
            grid=backbone.grid,
            dim=backbone.dim,
            logit_scale=backbone.logit_scale,
            position=backbone.position,
            text_tower=None if spared else backbone.text,
            observed=observed_table(observed, self.device),
        )

    def prepare(self, cell: Cell) -> None:
        """Encode what the cell needs; data that cannot be read shows here, before any cell has failed of it."""
        for split in self._reads(cell):
            self.features(cell, split)
        self._views(cell)

    def _reads(self, cell: Cell) -> tuple[str, ...]:
        """The splits whose plain features the cell reads."""
        if cell.feed.options.get("train", "none") != "none":
            return ()
        splits = ("train", "test") if cell.feed.name == "plain" or cell.holdout else ("test",)
        return splits if cell.test else ("train",)

    def live(self, cell: Cell) -> Live | None:
        """Images and their encoder where the cell's feed is live."""
        if cell.feed.name != "live":
            return None
        options, backbone = feed_options(cell.feed), self.backbone(cell.backbone)
        return Live(
            encoder=backbone.encoder,
            resize=backbone.resize,
            preprocess=backbone.preprocess,
            train_images=self.dataset.train.images,
            test_images=self.dataset.test.images if cell.test else (),
            augment=AUGMENTATIONS.get(options.augment)(),
            strong=AUGMENTATIONS.get(options.strong)() if options.strong else None,
            train=options.train,
            lr_mult=options.lr_mult,
            evaluate=options.evaluate,
        )

    def _views(self, cell: Cell) -> tuple[tuple[FeatureSet, ...], tuple[FeatureSet, ...]]:
        """Cached views of the training images, and strong ones; both empty for another feed."""
        if cell.feed.name != "views":
            return (), ()
        options: ViewsOptions = feed_options(cell.feed)
        weak, strong = (
            tuple(self.view(cell, AUGMENTATIONS.get(name)(), k) for k in range(options.count if name else 0))
            for name in (options.augment, options.strong)
        )
        return weak, strong

    def view(self, cell: Cell, augmentation: Augmentation, number: int) -> FeatureSet:
        """Features of the training images as view `number` of the augmentation shows them; the same for every seed."""
        backbone = self.backbone(cell.backbone)

        def prepare(image: Image.Image, index: int) -> Image.Image:
            rng = numpy_stream("augment", "cached", augmentation.name, number, index)
            return augmented_image(image, augmentation, rng, backbone.resize)

        variant = {"augment": augmentation.name, "version": augmentation.version, "view": number}
        if AUGMENTATIONS.plugin(augmentation.name):
            variant["plugin"] = AUGMENTATIONS.plugin(augmentation.name)
        return self.features(cell, "train", variant, prepare)

    def backbone(self, component: Component) -> Backbone:
        if component not in self._backbones:
            self._backbones[component] = opened_backbone(component, self.pack).to(self.device)
        return self._backbones[component]

    def features(
        self, cell: Cell, split: str, variant: dict[str, Any] | None = None, prepare: Prepare | None = None
    ) -> FeatureSet:
        """Cached features of a split, of the plain images or of a variant of them."""
        where = (cell.backbone, split, canonical_json(variant))
        parts = [cell.dataset.name, split, *(() if variant is None else (variant["augment"], variant["view"]))]
        if where not in self.encoded and self.pack:
            unpacking = functools.partial(self.progress, f"unpacking {' '.join(map(str, parts))}")
            self.encoded[where] = packed_features(self.pack, split, self.cache, unpacking)
        if where not in self.encoded:
            self.encoded[where] = cached_features(
                part=split,
                split=getattr(self.dataset, split),
                dataset=cell.dataset,
                backbone=self.backbone(cell.backbone),
                component=cell.backbone,
                cache=self.cache,
                progress=functools.partial(self.progress, f"encoding {' '.join(map(str, parts))}"),
                variant=variant,
                prepare=prepare,
                root=self.dataset.root,
            )
        return self.encoded[where]

    @property
    def targets(self) -> Targets:
        test = self.dataset.test
        return Targets(test.ids, test.measured, self.dataset.class_names)
