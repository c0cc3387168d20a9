"""The two simulations of CSL (P-ASL) on COCO: labels hidden one by one, and a fixed number kept for each class.

The released code draws from NumPy's global generator without a seed. Seed s is that code after `numpy.random.seed(s)`,
to the bit, over the dataset's rows as they stand.
"""

from dataclasses import dataclass

import numpy as np

from bench.settings.config import setting
from protocols.base import PROTOCOLS, UNNAMED, Images, Protocol
from protocols.draws import drawn_pieces

CSL_CODE = "Ben-Baruch et al., CVPR 2022; Alibaba-MIIL/PartialLabelingCSL, helper_functions/coco_simulation.py"


@dataclass(frozen=True, kw_only=True)
class PerClassOptions:
    """The number of known labels of a class."""

    labels: int = setting(1000, "positives, and also negatives, that stay known in each class", ge=1)


def keep_per_class(labels: np.ndarray, number: int, seed: int) -> np.ndarray:
    """In each column of `labels` (N, C) keep `number` positives and `number` negatives by chance, or all there are."""
    choice = np.random.RandomState(seed).choice
    observed = np.zeros_like(labels)
    for column in range(labels.shape[1]):
        for sign in (1, -1):
            rows = np.flatnonzero(labels[:, column] == sign)
            if len(rows):
                observed[choice(rows, min(number, len(rows)), replace=False), column] = sign
    return observed


@PROTOCOLS.register("random_per_sample")
class RandomPerSample(Protocol):
    """CSL's RPS: labels hidden one by one by chance.

    Percent is the share that is kept, as everywhere here; CSL's own parameter is the share that is dropped (10 % known
    is its 0.9).
    """

    reference = CSL_CODE

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        observed = np.zeros_like(labels)
        for rows, draws in drawn_pieces(np.random.RandomState(seed).random_sample, labels.shape, UNNAMED):
            np.copyto(observed[rows], labels[rows], where=draws >= (100 - percent) / 100)
        return observed


@PROTOCOLS.register("fixed_per_class")
class FixedPerClass(Protocol):
    """CSL's FPC: the same number of known labels for every class."""

    reference = CSL_CODE
    has_percent = False
    nested = False
    blind = False
    Options = PerClassOptions

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        return keep_per_class(labels, self.options.labels, seed)
