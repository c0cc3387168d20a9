"""A dataset as it arrives on a node: its labels and features from Ray's object store, without any of its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.data import Dataset, Split
from bench.errors import DataError
from bench.features import FeatureSet, Prepare
from bench.records.cells import Cell
from bench.records.component import canonical_json
from bench.settings.plugins import CarriesPlugins
from bench.training.images import CellImages, EncodeProgress
from bench.training.kept import Kept
from bench.training.resources import Resources


@dataclass(frozen=True)
class Index:
    """A dataset without its images."""

    name: str
    default_backbone: str
    options: Any
    class_names: tuple[str, ...]
    fingerprint: str
    facts: dict[str, Any]
    train: Split
    test: Split | None


@dataclass(frozen=True)
class ShippedData(CarriesPlugins):
    """On a node: references to the index and to the features by backbone, split and variant."""

    index: Any
    features: tuple[tuple[Any, Any], ...]
    kept: Kept = Kept()

    def open(self, device: torch.device, progress: EncodeProgress) -> Resources:
        import ray

        dataset = _ShippedDataset(ray.get(self.index))
        opened = Resources(dataset, device, Path(), progress, self.kept)
        opened.images = _ShippedImages(dataset, dict(self.features), device, progress)
        return opened


class _ShippedDataset(Dataset):
    """A dataset made of its index."""

    def __init__(self, index: Index):
        super().__init__(index.options, None, Path())
        self._index = index
        self.name = index.name  # type: ignore[misc]
        self.default_backbone = index.default_backbone  # type: ignore[misc]  # the mark of an encoder's numbers depends on it

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


NO_TEST_SPLIT = "a search has no test split"


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
