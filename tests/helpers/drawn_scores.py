"""Scores and labels drawn at random."""

import numpy as np


def drawn(seed: int, images: int = 60, classes: int = 4, ties: bool = False, ignored: float = 0.0, signal: float = 1.0):
    """Scores float32 (N, C) and labels int8 (N, C); with `ties` scores take few values."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((images, classes)) < 0.3, 1, -1).astype(np.int8)
    labels[rng.random(labels.shape) < ignored] = 0
    scores = (rng.normal(size=labels.shape) + signal * labels).astype(np.float32)
    return (np.round(scores, 0) if ties else scores), labels


def drawn_with_positives(seed: int, images: int = 60, classes: int = 7, ties: bool = False):
    """Scores float32 and labels (N, C) with at least one positive a class; `ties`: only five different scores."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((images, classes)) < 0.25, 1, -1).astype(np.int8)
    labels[rng.integers(images, size=classes), np.arange(classes)] = 1
    scores = rng.normal(size=labels.shape) + (labels == 1)
    return (scores.round() if ties else scores).astype(np.float32), labels
