"""Batches straight from the memory-mapped features: one indexing operation each, no item-wise collation."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from bench.features import FeatureSet
from bench.features.rows import RowReader, exceed_memory
from bench.system.seeding import numpy_stream, torch_stream
from methods import Batch, Features


class FeatureBatches(Dataset):
    """`self[indices]` is the batch of these images."""

    def __init__(self, features: FeatureSet, labels: np.ndarray, dense: bool = True, request: bool | None = None):
        """`labels`: int8 (N, C), as they may be seen: observed for training, full for evaluation; they are not copied.

        `dense`: whether tokens are read; without them `dense` comes as (B, 0, D). `request`: as of `RowReader`; None:
        where these features exceed memory.
        """
        read = _read(features, dense)
        request = exceed_memory(*read) if request is None else request
        self.features = features  # which holds the files
        self.tokens, self.pooled = (RowReader(array, request) for array in read)
        self.labels = labels

    def __len__(self) -> int:
        return len(self.pooled)

    def __getitem__(self, indices: np.ndarray) -> dict[str, Any]:
        dense = torch.from_numpy(self.tokens[indices]).float()
        pooled = torch.from_numpy(self.pooled[indices])
        labels = torch.from_numpy(self.labels[indices])
        return Batch(Features(dense, pooled), labels, torch.from_numpy(indices))._asdict()


class ViewBatches(Dataset):
    """Batches of cached augmented views: in each epoch every image takes one of its K views, as (seed, epoch) say.

    views, strong: K feature sets of the same N images each; `strong` may be empty.
    """

    def __init__(
        self,
        views: Sequence[FeatureSet],
        strong: Sequence[FeatureSet],
        labels: np.ndarray,
        seed: int,
        dense: bool = True,
    ):
        request = exceed_memory(*(array for view in (*views, *strong) for array in _read(view, dense)))
        self.views = [FeatureBatches(view, labels, dense, request) for view in views]
        self.strong = [FeatureBatches(view, labels, dense, request) for view in strong]
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        self.chosen = chosen_views(len(self.views), len(self), self.seed, epoch, "view")
        self.chosen_strong = chosen_views(len(self.strong), len(self), self.seed, epoch, "strong")

    def __len__(self) -> int:
        return len(self.views[0])

    def __getitem__(self, indices: np.ndarray) -> dict[str, object]:
        batch = _gathered(self.views, self.chosen, indices)
        if self.strong:
            batch["strong"] = _gathered(self.strong, self.chosen_strong, indices)["features"]
        return batch


def _read(features: FeatureSet, dense: bool) -> tuple[np.ndarray, np.ndarray]:
    """The arrays that batches are read from: tokens, none without `dense`, and pooled vectors."""
    return features.dense if dense else features.dense[:, :0], features.pooled


def chosen_views(count: int, images: int, seed: int, epoch: int, which: str) -> np.ndarray:
    """For each image the view that it takes in this epoch, int64 (N,) below `count`."""
    return numpy_stream("augment", which, seed, epoch).integers(max(count, 1), size=images)


def _gathered(views: Sequence[FeatureBatches], chosen: np.ndarray, indices: np.ndarray) -> dict[str, Any]:
    """The batch of `indices`, each image from the view chosen for it."""
    parts = [(np.flatnonzero(chosen[indices] == k), view) for k, view in enumerate(views)]
    read = [(where, view[indices[where]]) for where, view in parts if len(where)]
    order = torch.from_numpy(np.argsort(np.concatenate([where for where, _ in read])))
    joined = [torch.cat([batch["features"][i] for _, batch in read])[order] for i in range(2)]
    labels = torch.from_numpy(views[0].labels[indices])
    return Batch(Features(*joined), labels, torch.from_numpy(indices))._asdict()


class ShuffledBatches(Sampler[np.ndarray]):
    """Index batches of an epoch: a pure function of (seed, epoch), whatever the method and whatever came before."""

    def __init__(self, indices: np.ndarray, batch_size: int, seed: int):
        self.indices, self.batch_size, self.seed = indices, batch_size, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by MMEngine's DistSamplerSeedHook before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __iter__(self) -> Iterator[np.ndarray]:
        order = numpy_stream("order", self.seed, self.epoch).permutation(self.indices)
        return iter(np.array_split(order, range(self.batch_size, len(order), self.batch_size)))


class OrderedBatches(Sampler[np.ndarray]):
    """Index batches in the given order, for evaluation."""

    def __init__(self, indices: np.ndarray, batch_size: int):
        self.indices, self.batch_size = indices, batch_size

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(np.array_split(self.indices, range(self.batch_size, len(self.indices), self.batch_size)))


def loader(batches: FeatureBatches | ViewBatches, sampler: Sampler[np.ndarray]) -> DataLoader:
    """A DataLoader that hands whole batches through; its generator keeps it off the global random state."""
    return DataLoader(batches, batch_size=None, sampler=sampler, generator=torch_stream("order", 0))
