"""Labels hidden one by one, uniformly at random: the setting of the 10-90 % tables."""

import numpy as np

from bench.system.seeding import numpy_stream
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.draws import uniform_pieces


def hide_uniformly(labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
    """Keep each entry of `labels` (N, C) with probability percent / 100, independently.

    One uniform draw per entry, shared by all percents, so the masks of one seed are nested.
    """
    observed = np.zeros_like(labels)
    for rows, draws in uniform_pieces(numpy_stream("mask", seed), labels.shape, images):
        np.copyto(observed[rows], labels[rows], where=draws < np.float32(percent / 100))
    return observed


@PROTOCOLS.register("partial")
class Partial(Protocol):
    """A share of all labels is known, drawn per image and class; nested over ratios."""

    reference = "the setting of SST, DualCoOp and TRM-ML, with draws of our own"

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        return hide_uniformly(labels, percent, seed, images)
