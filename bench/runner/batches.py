"""Batches straight from the memory-mapped features: one indexing operation each, no item-wise collation."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from bench.features import FeatureSet
from bench.seeding import numpy_stream, torch_stream
from methods import Batch, Features


class FeatureBatches(Dataset):
    """`self[indices]` is the batch of these images."""

    def __init__(self, features: FeatureSet, labels: np.ndarray, dense: bool = True):
        """`labels`: int8 (N, C), as they may be seen: observed for training, full for evaluation.

        `dense`: whether tokens are read; without them `dense` comes as (B, 0, D).
        """
        self.features = features
        self.tokens = features.dense if dense else features.dense[:, :0]
        self.labels = torch.from_numpy(np.array(labels))

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, indices: np.ndarray) -> dict[str, object]:
        dense = torch.from_numpy(self.tokens[indices]).float()
        pooled = torch.from_numpy(self.features.pooled[indices])
        where = torch.from_numpy(indices)
        return Batch(Features(dense, pooled), self.labels[where], where)._asdict()


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


def loader(batches: FeatureBatches, sampler: Sampler[np.ndarray]) -> DataLoader:
    """A DataLoader that hands whole batches through; its generator keeps it off the global random state."""
    return DataLoader(batches, batch_size=None, sampler=sampler, generator=torch_stream("order", 0))
