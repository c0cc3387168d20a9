"""A dataset's labels and features sent to nodes that have none of its files, by way of Ray's object store."""

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.data import Dataset, Split
from bench.data.images import NoImages
from bench.errors import DataError, UsageError
from bench.features import FeatureSet, Prepare
from bench.records.cells import Cell
from bench.records.component import canonical_json
from bench.settings.plugins import CarriesPlugins
from bench.training.images import CellImages, EncodeProgress
from bench.training.resources import Resources

NO_TEST_SPLIT = "a search has no test split"
NO_IMAGES_SENT = "images were not sent to this node, only features; leave --ship-features out."


class Shipping:
    """In the driver: encodes what a cell needs unless that is done, and describes where a node gets it.

    Everything is put into the object store once; a node fetches what its cells ask for, and its workers share it.
    """

    def __init__(self, resources: Resources):
        self.resources = resources
        self._index: Any = None
        self._features: dict[Any, Any] = {}
        self._turn = threading.Lock()

    def __call__(self, cell: Cell) -> "ShippedData":
        import ray

        if cell.feed.name == "live":
            raise UsageError("--ship-features sends features, and --live reads images; leave one of them out.")
        if self.resources.images.pack:
            raise UsageError("a feature pack is one file: copy it to the nodes, and leave --ship-features out.")
        with self._turn:
            self.resources.images.prepare(cell)
            if self._index is None:
                self._index = ray.put(_index(self.resources.dataset, cell.test))
            for where, entry in self.resources.images.encoded.items():
                if where not in self._features:
                    self._features[where] = ray.put((np.asarray(entry.dense), np.asarray(entry.pooled)))
            return ShippedData(self._index, tuple(self._features.items()), self.resources.keep_weights)


@dataclass(frozen=True)
class Index:
    """A dataset without its images."""

    name: str
    options: Any
    class_names: tuple[str, ...]
    fingerprint: str
    facts: dict[str, Any]
    train: Split
    test: Split | None


def _index(dataset: Dataset, with_test: bool) -> Index:
    def without_images(split: Split) -> Split:
        return replace(split, images=NoImages(len(split), NO_IMAGES_SENT))

    test = without_images(dataset.test) if with_test else None
    about = (dataset.name, dataset.options, dataset.class_names, dataset.fingerprint, dataset.facts)
    return Index(*about, without_images(dataset.train), test)


@dataclass(frozen=True)
class ShippedData(CarriesPlugins):
    """On a node: references to the index and to the features by backbone, split and variant."""

    index: Any
    features: tuple[tuple[Any, Any], ...]
    weights: bool = True

    def open(self, device: torch.device, progress: EncodeProgress) -> Resources:
        import ray

        dataset = _ShippedDataset(ray.get(self.index))
        opened = Resources(dataset, device, Path(), progress, self.weights)
        opened.images = _ShippedImages(dataset, dict(self.features), device, progress)
        return opened


class _ShippedDataset(Dataset):
    """A dataset made of its index."""

    def __init__(self, index: Index):
        super().__init__(index.options, None, Path())
        self._index = index
        self.name = index.name  # type: ignore[misc]

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._index.class_names

    @property
    def train(self) -> Split:
        return self._index.train

    @property
    def test(self) -> Split:
        if self._index.test is None:
            raise DataError(NO_TEST_SPLIT)
        return self._index.test

    @property
    def facts(self) -> dict[str, Any]:
        return self._index.facts

    @property
    def fingerprint(self) -> str:
        return self._index.fingerprint


class _ShippedImages(CellImages):
    """Features from the object store, in memory that all workers of the node share."""

    def __init__(self, dataset: Dataset, shipped: dict[Any, Any], device: torch.device, progress: EncodeProgress):
        super().__init__(dataset, device, Path(), progress)
        self._shipped = shipped

    def features(
        self, cell: Cell, split: str, variant: dict[str, Any] | None = None, prepare: Prepare | None = None
    ) -> FeatureSet:
        import ray

        where = (cell.backbone, split, canonical_json(variant))
        if where not in self.encoded:
            self.encoded[where] = FeatureSet(*ray.get(self._shipped[where]))
        return self.encoded[where]
