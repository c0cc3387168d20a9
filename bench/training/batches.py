"""Batches straight from the memory-mapped features: one indexing operation each, no item-wise collation."""

from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from bench.features import FeatureSet
from bench.features.rows import RowReader, exceed_memory
from methods import Batch, Features


class FeatureBatches(Dataset):
    """`self[indices]` is the batch of these images."""

    def __init__(self, features: FeatureSet, labels: np.ndarray, dense: bool = True, request: bool | None = None):
        """`labels`: int8 (N, C), as they may be seen: observed for training, full for evaluation; they are not copied.

        `dense`: whether tokens are read; without them `dense` comes as (B, 0, D). `request`: as of `RowReader`; None:
        where these features exceed memory.
        """
        read = read_arrays_of(features, dense)
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


def read_arrays_of(features: FeatureSet, dense: bool) -> tuple[np.ndarray, np.ndarray]:
    """The arrays that batches are read from: tokens, none without `dense`, and pooled vectors."""
    return features.dense if dense else features.dense[:, :0], features.pooled
