"""Inputs and result of a cell's training."""

from dataclasses import dataclass

import numpy as np
import torch

from bench.axes.methods import ResolvedMethod
from bench.features import FeatureSet
from bench.training.hidden import HiddenLabels
from bench.training.live import Live
from methods import Task


@dataclass(frozen=True)
class Inputs:
    """All that a cell's training may touch. `observed` int8 (N, C) is what the protocol left; hidden labels are absent.

    method: the cell's method and its settings.

    train, test: features of the plain images, None where the cell's feed does without. views, strong_views: those of
    augmented training images, each a set of all N, where the feed is cached views. live: images and their encoder,
    where it is live.
    train_rows, heldout_rows: indices into the training images. heldout_labels, test_labels: labels for evaluation (0:
    not judged), which never reach a method. Without test labels nothing of the test split is scored.
    hidden_labels: what `observed` hides of the images trained on: pseudo-labels are judged by it, in a hook. None:
    they are not judged.
    """

    method: ResolvedMethod
    task: Task
    train: FeatureSet | None
    observed: np.ndarray
    train_rows: np.ndarray
    heldout_rows: np.ndarray
    heldout_labels: np.ndarray
    test: FeatureSet | None
    test_labels: np.ndarray | None
    device: torch.device
    views: tuple[FeatureSet, ...] = ()
    strong_views: tuple[FeatureSet, ...] = ()
    live: Live | None = None
    hidden_labels: HiddenLabels | None = None


@dataclass(frozen=True)
class TrainingResult:
    """Logits (N, C) of the last epoch, seconds by phase, peak memory in MiB, and trainable parameters.

    The logits are those of the test split, or of the held-out training images where no test split is scored.
    weights: the state that gave them (see `bench.training.weights`).
    """

    logits: np.ndarray
    timings: dict[str, float]
    peak_memory: dict[str, float]
    trainable_parameters: int
    weights: dict[str, torch.Tensor]
