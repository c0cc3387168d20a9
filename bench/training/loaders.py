"""Loaders of a cell's batches: those it trains on, and the splits that are scored."""

import numpy as np
from torch.utils.data import DataLoader, Sampler

from bench.records.cells import Cell
from bench.system.seeding import torch_stream
from bench.training.ahead import Ahead, reading_threads
from bench.training.batches import FeatureBatches
from bench.training.evaluation import EvaluationSplit
from bench.training.inputs import Inputs
from bench.training.live import LiveBatches, PlainImages
from bench.training.order import OrderedBatches, ShuffledBatches
from bench.training.views import ViewBatches

TEST_BATCH = 250
"""Fixed and part of the schema: on a GPU the batch size changes the last bits of a score."""

LIVE_TEST_BATCH = 64
"""Images that a trained encoder scores at once; fixed for the same reason."""


def evaluation_splits(inputs: Inputs, dense: bool, test_curve: bool) -> list[EvaluationSplit]:
    """Test if it is scored, then the held-out training images if there are any; plain, whatever training saw.

    test_curve: whether test is scored after each epoch. Where the encoder is trained, its feed says so for both splits.
    """
    live = inputs.live
    each = not (live and live.trained and live.evaluate == "last")

    def batches(train: bool, labels: np.ndarray, rows: np.ndarray) -> DataLoader | Ahead:
        features = inputs.train if train else inputs.test
        if live and live.trained:
            images = PlainImages(live.train_images if train else live.test_images, live.preprocess)
            return Ahead(images, OrderedBatches(rows, LIVE_TEST_BATCH), reading_threads())
        assert features is not None, "only a trained encoder does without cached features"
        return loader(FeatureBatches(features, labels, dense), OrderedBatches(rows, TEST_BATCH))

    splits, test, heldout = [], inputs.test_labels, inputs.heldout_labels
    if test is not None:
        splits.append(EvaluationSplit("", batches(False, test, np.arange(len(test))), test, each and test_curve))
    if len(rows := inputs.heldout_rows):
        splits.append(EvaluationSplit("heldout_", batches(True, heldout, rows), heldout[rows], each))
    return splits


def training_batches(cell: Cell, inputs: Inputs, sampler: ShuffledBatches, dense: bool) -> DataLoader | Ahead:
    """Observed labels with features of plain images, of cached views, or with images."""
    seed = cell.stream("init")  # of the augmentation
    if inputs.live:
        return Ahead(LiveBatches(inputs.live, inputs.observed, seed), sampler, reading_threads())
    if inputs.views:
        return loader(ViewBatches(inputs.views, inputs.strong_views, inputs.observed, seed, dense), sampler)
    assert inputs.train is not None, "a plain feed has the training images' features"
    return loader(FeatureBatches(inputs.train, inputs.observed, dense), sampler)


def loader(batches: FeatureBatches | ViewBatches, sampler: Sampler[np.ndarray]) -> DataLoader:
    """A DataLoader that hands whole batches through; its generator keeps it off the global random state."""
    return DataLoader(batches, batch_size=None, sampler=sampler, generator=torch_stream("order", 0))
