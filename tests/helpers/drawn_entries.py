"""Scores and labels for tests of metrics: with ties, with unknown entries."""

import numpy as np


def drawn_entries(
    seed: int, images: int = 40, classes: int = 9, ties: bool = False, unknown: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Scores float32 in [0, 1] and labels int8 (N, C); `ties`: few different scores; `unknown`: share of labels 0.

    Every class and every image has a known label of either kind.
    """
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((images, classes)) < 0.3, 1, -1).astype(np.int8)
    labels[0, :], labels[1, :] = 1, -1
    labels[:, 0], labels[:, 1] = 1, -1
    labels[:2, :2] = [[1, -1], [-1, 1]]
    scores = 1 / (1 + np.exp(-(rng.normal(size=labels.shape) + (labels == 1))))
    hidden = rng.random(labels.shape) < unknown
    hidden[:2], hidden[:, :2] = False, False
    labels[hidden] = 0
    return (scores.round(1) if ties else scores).astype(np.float32), labels
