"""One known positive label an image."""

import numpy as np

from bench.system.seeding import numpy_stream
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.draws import drawn_pieces


def keep_one_positive(labels: np.ndarray, seed: int, images: Images) -> np.ndarray:
    """Keep one positive of each row of `labels` (N, C), drawn uniformly; rows without a positive stay unknown."""
    observed = np.zeros_like(labels)
    for rows, draws in drawn_pieces(numpy_stream("mask", seed).random, labels.shape, images):
        positive = labels[rows] == 1
        chosen = np.where(positive, draws, -1.0).argmax(axis=1)
        some = np.flatnonzero(positive.any(axis=1))
        observed[rows][some, chosen[some]] = 1
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
