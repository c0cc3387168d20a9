"""One known positive label an image."""

import numpy as np

from bench.system.seeding import numpy_stream
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.draws import uniform_draws


def keep_one_positive(labels: np.ndarray, seed: int, images: Images) -> np.ndarray:
    """Keep one positive of each row of `labels` (N, C), drawn uniformly; rows without a positive stay unknown."""
    draw = uniform_draws(numpy_stream("mask", seed), labels.shape, images, np.float64)
    chosen = np.where(labels == 1, draw, -1.0).argmax(axis=1)
    observed = np.zeros_like(labels)
    rows = np.flatnonzero((labels == 1).any(axis=1))
    observed[rows, chosen[rows]] = 1
    return observed


@PROTOCOLS.register("single_positive")
class SinglePositive(Protocol):
    """One positive label is known in each image, and no negative; draws of our own."""

    reference = "Cole et al., CVPR 2021"
    has_percent = False
    nested = False
    negatives = False
    blind = False

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        return keep_one_positive(labels, seed, images)
