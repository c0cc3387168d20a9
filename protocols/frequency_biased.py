"""Positives of rare classes hidden more often than those of frequent ones."""

from dataclasses import dataclass

import numpy as np

from bench.settings.config import setting
from bench.system.chunks import class_totals
from bench.system.seeding import numpy_stream
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.draws import uniform_pieces


@dataclass(frozen=True, kw_only=True)
class BiasOptions:
    """The strength of the bias."""

    bias: float = setting(0.5, "0: no bias; 1: a class with half the positives is noticed half as fast", ge=0, le=4)


def keep_probabilities(positives: np.ndarray, share: float, bias: float) -> np.ndarray:
    """Probability float64 (C,) that a positive of each class stays known, from the classes' numbers of `positives`.

    A positive is noticed at the rate w = (n / max n)^bias, so after the time t it is known with probability
    q = 1 - exp(-w t). The time is the same for all classes: the one at which sum(n q) = share * sum(n). With a larger
    share every q grows, hence nested masks; with bias 0 every q is the share.
    """
    if share >= 1 or not positives.any():
        return np.full(len(positives), share)
    rate = (positives / positives.max()) ** bias
    occurring = positives > 0
    time = -np.log1p(-share)

    def excess(t: float) -> float:
        return float(positives @ -np.expm1(-rate * t) - share * positives.sum())

    # At `time` the fastest class is exactly at the share, and at the upper end the slowest one is.
    upper = time / rate[occurring].min()
    from scipy.optimize import brentq  # its import takes a quarter of a second

    t = brentq(excess, time, upper, xtol=1e-12, rtol=1e-14, maxiter=1000) if excess(time) < 0 < excess(upper) else time
    return np.where(occurring, -np.expm1(-rate * t), share)


@PROTOCOLS.register("frequency_biased")
class FrequencyBiased(Protocol):
    """Positives of rare classes are known less often; nested.

    The share of known positives over all classes, and that of known negatives in each, is the percent.
    """

    reference = "our own rule (exponential thinning), see keep_probabilities"
    blind = False
    Options = BiasOptions

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        chance = keep_probabilities(class_totals(labels, 1), percent / 100, self.options.bias).astype(np.float32)
        observed = np.zeros_like(labels)
        for rows, draws in uniform_pieces(numpy_stream("mask", seed), labels.shape, images):
            known = draws < np.where(labels[rows] == 1, chance, np.float32(percent / 100))
            np.copyto(observed[rows], labels[rows], where=known)
        return observed
