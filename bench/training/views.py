"""Batches of cached augmented views: in each epoch every image takes one of its views."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from bench.features import FeatureSet
from bench.features.rows import exceed_memory
from bench.system.seeding import numpy_stream
from bench.training.batches import FeatureBatches, read_arrays_of
from methods import Batch, Features


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
        request = exceed_memory(*(array for view in (*views, *strong) for array in read_arrays_of(view, dense)))
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
