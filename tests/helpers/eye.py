"""A backbone that sees brightness, and features of images of plain colours by it."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench.backbones.base import ImageFeatures
from bench.data import Split
from bench.data.images import ImageFiles
from bench.features import (
    ENCODE_BATCH,
    FeatureSet,
    cached_features,
)
from bench.records.component import Component

COUNT, SIDE = ENCODE_BATCH + 7, 4
DATASET, COMPONENT = Component("toy", fingerprint="d"), Component("eye", fingerprint="w")


class Eye:
    """A backbone that sees brightness: fast, and it counts what it encodes."""

    grid, dim, position = (2, 2), 3, torch.zeros(5, 3)

    def __init__(self, scale: float = 1.0, fail_at: int = 10**9):
        self.encoded, self.scale, self.fail_at = 0, scale, fail_at
        self.transform = {"size": SIDE}

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1)

    def encode_images(self, images: torch.Tensor) -> ImageFeatures:
        if self.encoded + len(images) > self.fail_at:
            raise KeyboardInterrupt
        self.encoded += len(images)
        mean = self.scale * images.mean(dim=(2, 3))
        return ImageFeatures(dense=mean[:, None].expand(-1, 4, -1), pooled=mean / 3)


def split(count: int = COUNT, prefix: str = "train") -> Split:
    ids = tuple(f"{prefix}/{i}" for i in range(count))
    return Split(
        ids, np.ones((count, 1), np.int8), [Image.new("RGB", (SIDE, SIDE), (i, 0, 255 - i)) for i in range(count)]
    )


def features(cache: Path, eye: Eye, images: Split | None = None, part: str = "train", **more) -> FeatureSet:
    calls: list[tuple[int, int]] = []
    images = split() if images is None else images
    cached = cached_features(
        part=part,
        split=images,
        dataset=DATASET,
        backbone=eye,
        component=COMPONENT,
        cache=cache,
        progress=lambda done, total: calls.append((done, total)),
        **more,
    )
    if eye.encoded:
        assert calls[-1] == (len(images), len(images))
    return cached


def expected(count: int = COUNT) -> np.ndarray:
    level = np.arange(count, dtype=np.float32)
    return np.stack([level, 0 * level, 255 - level], axis=1) / 255


def files(folder: Path, levels: list[int]) -> Split:
    """Images on disk, named alike in every folder."""
    folder.mkdir()
    paths = [folder / f"{i}.png" for i in range(len(levels))]
    for path, level in zip(paths, levels, strict=True):
        Image.new("RGB", (SIDE, SIDE), (level, level, level)).save(path)
    return Split(tuple(path.name for path in paths), np.ones((len(levels), 1), np.int8), ImageFiles(paths))
