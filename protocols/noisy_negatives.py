"""Missing positives given as negatives."""

from dataclasses import dataclass

import numpy as np

from bench.settings.config import setting
from bench.system.seeding import numpy_stream
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.draws import uniform_pieces
from protocols.partial import hide_uniformly


@dataclass(frozen=True, kw_only=True)
class NoiseOptions:
    """The share of wrong labels."""

    noise: float = setting(0.2, "share of the positives that are given as negatives", ge=0, lt=1)


def overlook(labels: np.ndarray, noise: float, seed: int, images: Images) -> np.ndarray:
    """`labels` (N, C) with each positive turned into a negative with probability `noise`."""
    given = labels.copy()
    for rows, draws in uniform_pieces(numpy_stream("mask", "noise", seed), labels.shape, images):
        given[rows][(labels[rows] == 1) & (draws < np.float32(noise))] = -1
    return given


@PROTOCOLS.register("noisy_negatives")
class NoisyNegatives(Protocol):
    """Wrong values on purpose: some positives are given as negatives.

    What is known is what `partial` knows at the same percent and seed, so the two differ by the noise alone; a positive
    is overlooked or not for all percents alike. At 100 % there is noise and nothing else.
    """

    reference = "the false negatives of Cole et al., CVPR 2021, and Zhang et al., 2021 (Hill/SPLC), at a chosen rate"
    faithful = False
    Options = NoiseOptions

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        return hide_uniformly(overlook(labels, self.options.noise, seed, images), percent, seed, images)
