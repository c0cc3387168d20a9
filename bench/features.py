"""Frozen features, computed once: memory-mapped arrays keyed by everything that decides their values."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from bench.backbones.base import Backbone
from bench.cells import Component, canonical_json
from bench.data.base import Split
from bench.errors import DataError
from bench.files import read_json, write_json

FORMAT = 1
ENCODE_BATCH = 64

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""


@dataclass(frozen=True)
class FeatureSet:
    """Features of N images: dense float16 (N, HW, D) and pooled float32 (N, D), memory-mapped."""

    dense: np.ndarray
    pooled: np.ndarray

    def __len__(self) -> int:
        return len(self.pooled)


def feature_key(part: str, split: Split, dataset: Component, backbone: Component, transform: dict[str, Any]) -> str:
    """A hash of dataset, part and image list, backbone (weights included), transform and array format."""
    identity = {
        "format": FORMAT,
        "dataset": asdict(dataset),
        "part": part,  # image lists may be equal: 0001.jpg in train/ is not 0001.jpg in test/
        "images": hashlib.sha256("\n".join(split.ids).encode()).hexdigest(),
        "backbone": asdict(backbone),
        "transform": transform,
    }
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:16]


def cached_features(
    part: str,
    split: Split,
    dataset: Component,
    backbone: Backbone,
    component: Component,
    cache: Path,
    progress: Progress,
) -> FeatureSet:
    """The features of `split`, which is the dataset's `part`, encoded now if they are not in `cache` yet.

    One process encodes, others wait for it. Half-written arrays never count: the description is written last.
    """
    folder = cache / "features" / feature_key(part, split, dataset, component, backbone.transform)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "features.json").exists():
            _encode(split, backbone, folder, progress)
            about = {"dataset": dataset.name, "backbone": component.name, "images": len(split), "format": FORMAT}
            write_json(folder / "features.json", about)
    return _open(folder, len(split))


def _encode(split: Split, backbone: Backbone, folder: Path, progress: Progress) -> None:
    height, width = backbone.grid
    shapes = {"dense": (len(split), height * width, backbone.dim), "pooled": (len(split), backbone.dim)}
    parts = {name: folder / f"{name}.part.npy" for name in shapes}
    dense = np.lib.format.open_memmap(parts["dense"], "w+", np.float16, shapes["dense"])
    pooled = np.lib.format.open_memmap(parts["pooled"], "w+", np.float32, shapes["pooled"])
    device = backbone.position.device
    for start, images in _batches(split, backbone):
        features = backbone.encode_images(images.to(device))
        half = features.dense.half()
        if not torch.isfinite(half).all():
            raise DataError("the backbone's dense tokens overflow half precision; its weights are damaged.")
        stop = start + len(images)
        dense[start:stop] = half.cpu().numpy()
        pooled[start:stop] = features.pooled.float().cpu().numpy()
        progress(stop, len(split))
    del dense, pooled
    for name, part in parts.items():
        part.replace(folder / f"{name}.npy")


def _batches(split: Split, backbone: Backbone) -> Iterator[tuple[int, torch.Tensor]]:
    """Batches in order; images are read by threads one batch ahead of the encoder."""

    def load(index: int) -> torch.Tensor:
        return backbone.preprocess(split.images[index])

    starts = range(0, len(split), ENCODE_BATCH)
    with ThreadPoolExecutor(max_workers=2) as threads:
        ahead = [threads.submit(load, i) for i in range(min(ENCODE_BATCH, len(split)))]
        for start in starts:
            current, following = ahead, range(start + ENCODE_BATCH, min(start + 2 * ENCODE_BATCH, len(split)))
            ahead = [threads.submit(load, i) for i in following]
            yield start, torch.stack([job.result() for job in current])


def _open(folder: Path, size: int) -> FeatureSet:
    try:
        dense = np.load(folder / "dense.npy", mmap_mode="r")
        pooled = np.load(folder / "pooled.npy", mmap_mode="r")
        about = read_json(folder / "features.json")
        if not len(dense) == len(pooled) == about["images"] == size:
            raise ValueError(f"{len(dense)} images instead of {size}")
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"the feature cache {folder} cannot be read ({error}); delete it and run again.") from None
    return FeatureSet(dense, pooled)
