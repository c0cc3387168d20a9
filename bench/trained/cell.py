"""A finished cell, loaded again: its model with the stored weights, and the images and features of its dataset."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench.backbones.base import Backbone, ImageEncoder
from bench.data import Split
from bench.errors import DataError, UsageError
from bench.features import CacheEntry, encoding_dtype, feature_key
from bench.features.encode import ENCODE_BATCH, encode_batch
from bench.planning.plan import open_dataset
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.training.images import EncodeProgress
from bench.training.live_model import LiveModel
from bench.training.loaders import TEST_BATCH
from bench.training.resources import Resources
from bench.training.weights import from_bytes, restored
from methods import Features, Method

DatasetOverrides = Mapping[str, Mapping[str, str]]


class TrainedCell:
    """The model of a cell on resources."""

    def __init__(self, cell: Cell, resources: Resources, weights: bytes):
        self.cell, self.resources = cell, resources
        live = resources.images.live(cell)
        self.encoder_trained = live is not None and live.trained
        self.model = restored(cell, resources.task(cell), from_bytes(weights), resources.device, live)

    @property
    def method(self) -> Method:
        return self.model.method if isinstance(self.model, LiveModel) else self.model

    @property
    def backbone(self) -> Backbone:
        return self.resources.images.backbone(self.cell.backbone)

    @property
    def encoder(self) -> ImageEncoder:
        """The image encoder, with the cell's own weights where it was trained."""
        return self.model.image_encoder.whole if isinstance(self.model, LiveModel) else self.backbone.encoder

    def split(self, part: str) -> Split:
        return getattr(self.resources.dataset, part)

    def encode(self, images: Sequence[Image.Image]) -> Features:
        """Features of images as the cell's own evaluation sees them: same transform, same rounding."""
        backbone, batches = self.backbone, []
        for start in range(0, len(images), ENCODE_BATCH):
            batch = torch.stack([backbone.preprocess(image) for image in images[start : start + ENCODE_BATCH]])
            if self.encoder_trained:
                with torch.no_grad():
                    batches.append(self.model.encode(batch.to(self.resources.device)))
            else:
                dense, pooled = encode_batch(backbone, batch, encoding_dtype(self.resources.device))
                batches.append(self._given(dense, pooled))
        return Features(*(torch.cat(parts) for parts in zip(*batches, strict=True)))

    def has_features(self, part: str) -> bool:
        """Whether the split's features lie in the cache, so that reading all of it takes no time."""
        if self.encoder_trained or self.resources.images.pack:
            return not self.encoder_trained
        cell, backbone = self.cell, self.backbone
        precision = str(encoding_dtype(self.resources.device)).removeprefix("torch.")
        key = feature_key(part, self.split(part), cell.dataset, cell.backbone, backbone.transform, precision=precision)
        return CacheEntry(inside(self.resources.cache / "features", key)).complete

    def batches(self, part: str) -> Iterator[Features]:
        """The split's cached features, in order."""
        features = self.resources.images.features(self.cell, part)
        for start in range(0, len(features), TEST_BATCH):
            rows = slice(start, start + TEST_BATCH)
            yield self._given(features.dense[rows], features.pooled[rows])

    @torch.no_grad()
    def score(self, features: Features) -> torch.Tensor:
        """Logits (B, C)."""
        return self.method.scorer()(features).float()

    def _given(self, dense: np.ndarray, pooled: np.ndarray) -> Features:
        device = self.resources.device
        return Features(*(torch.from_numpy(np.array(part)).float().to(device) for part in (dense, pooled)))


def open_trained_cell(
    cell: Cell,
    store: StoreReader,
    device: torch.device,
    cache: Path,
    progress: EncodeProgress,
    root: Path | None = None,
    paths: DatasetOverrides | None = None,
) -> TrainedCell:
    """The cell with its dataset and backbone. paths: where its files lie, by component and option."""
    weights = store.weights(cell.key)
    assert weights is not None, "find_cell has seen them"
    name = cell.dataset.name
    dataset = open_dataset(Request((), (), dataset=name, overrides={name: cell.dataset.options}, root=root), cache)
    cell = with_files(cell, paths or {})
    resources = Resources(dataset, device, cache, progress)
    _refuse_other_content(cell, resources)
    return TrainedCell(cell, resources, weights)


def with_files(cell: Cell, files: Mapping[str, Mapping[str, str]]) -> Cell:
    """The cell with the places of files that it reads, which no store keeps. files: by component and option.

    UsageError for a component that is not the cell's, or an option that names no file: settings of a cell are fixed.
    """
    placed = {axis: getattr(cell, axis) for axis in ("method", "protocol", "backbone")}
    names = {component.name: axis for axis, component in placed.items()}
    for name, options in files.items():
        if name not in names:
            raise UsageError(f"--set {name}...: this cell reads no files but those of {', '.join(names)}.")
        component = placed[names[name]]
        for option in options.keys() & component.options.keys():
            raise UsageError(
                f"--set {name}.{option}: a finished cell keeps its settings; give only where its files are."
            )
        placed[names[name]] = dataclasses.replace(component, paths=dict(options))
    return dataclasses.replace(cell, **placed)


def _refuse_other_content(cell: Cell, resources: Resources) -> None:
    """DataError if a name of the cell stands for other content here than where it was trained."""
    axis = resources.first_mismatch(cell)
    if axis is not None:
        raise DataError(
            f"the files of {axis} {getattr(cell, axis).name!r} are not those that the cell was trained on; give the "
            "same ones (--root for a dataset, --set NAME.OPTION=FILE for weights and what a method or protocol reads)."
        )
