"""Images of a dataset as its cells get them: encoded once, from the cache, or live with their encoder."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from bench.backbones import Backbone
from bench.backbones.packed import opened_backbone
from bench.data import Dataset
from bench.data.pack import Pack
from bench.features import FeatureSet, Prepare, cached_features, packed_features
from bench.features.augmentation import AUGMENTATIONS, Augmentation
from bench.features.feeds import ViewsOptions, feed_options, view_variant
from bench.records.cells import Cell
from bench.records.component import Component, canonical_json
from bench.system.seeding import numpy_stream
from bench.training.live import Live, augmented_image

EncodeProgress = Callable[[str, int, int], None]
"""Called with (title of the work, images done, images in all)."""


class CellImages:
    """Backbones and features, opened when the first cell needs them."""

    def __init__(self, dataset: Dataset, device: torch.device, cache: Path, progress: EncodeProgress):
        self.dataset, self.device, self.cache, self.progress = dataset, device, cache, progress
        self.pack = dataset if isinstance(dataset, Pack) else None
        self._backbones: dict[Component, Backbone] = {}
        self.encoded: dict[tuple[Component, str, str], FeatureSet] = {}

    def prepare(self, cell: Cell) -> None:
        """Encode what the cell needs; data that cannot be read shows here, before any cell has failed of it."""
        for split in self.plain_splits(cell):
            self.features(cell, split)
        self.views(cell)

    def plain_splits(self, cell: Cell) -> tuple[str, ...]:
        """The splits whose plain features the cell reads."""
        if cell.feed.options.get("train", "none") != "none":
            return ()
        splits = ("train", "test") if cell.feed.name == "plain" or cell.holdout else ("test",)
        return splits if cell.test else ("train",)

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
            self.encoded[where] = packed_features(self.pack, split, self.cache, unpacking, variant)
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

    def views(self, cell: Cell) -> tuple[tuple[FeatureSet, ...], tuple[FeatureSet, ...]]:
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

        return self.features(cell, "train", view_variant(type(augmentation), number), prepare)

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
