"""The order of images: index batches of an epoch, shuffled for training and as they are for evaluation."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from bench.system.seeding import numpy_stream


class OrderedBatches(Sampler[np.ndarray]):
    """Index batches in the given order, for evaluation."""

    def __init__(self, indices: np.ndarray, batch_size: int):
        self.indices, self.batch_size = indices, batch_size

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __iter__(self) -> Iterator[np.ndarray]:
        return self._batches(self.indices)

    def _batches(self, order: np.ndarray) -> Iterator[np.ndarray]:
        return iter(np.array_split(order, range(self.batch_size, len(order), self.batch_size)))


class ShuffledBatches(OrderedBatches):
    """Index batches of an epoch: a pure function of (seed, epoch), whatever the method and whatever came before."""

    def __init__(self, indices: np.ndarray, batch_size: int, seed: int):
        super().__init__(indices, batch_size)
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by MMEngine's DistSamplerSeedHook before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[np.ndarray]:
        return self._batches(numpy_stream("order", self.seed, self.epoch).permutation(self.indices))
