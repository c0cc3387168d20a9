"""The formulas of all losses, written anew in NumPy and float64."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

RELATIONS = torch.tensor([[0.7, 0.3, 0.0, 0.0], [0.0, 0.8, 0.2, 0.0], [0.1, 0.1, 0.5, 0.3], [0.25, 0.25, 0.25, 0.25]])


class Entry(NamedTuple):
    """p and 1 - p of logits z (B, C), -log of both, which labels are positive, negative, unknown, and the sizes."""

    z: np.ndarray
    p: np.ndarray
    q: np.ndarray
    yes: np.ndarray
    no: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    unknown: np.ndarray

    @property
    def known(self) -> np.ndarray:
        return ~self.unknown


def entry(logits: Tensor, labels: Tensor) -> Entry:
    z, y = logits.double().numpy(), labels.numpy()
    yes, no = np.logaddexp(0, -z), np.logaddexp(0, z)
    return Entry(z, np.exp(-yes), np.exp(-no), yes, no, y > 0, y < 0, y == 0)


def guarded(chance: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    return -np.log(chance + eps)


def cross_entropy(e: Entry) -> np.ndarray:
    return np.where(e.positive, e.yes, e.no)


def asymmetric(e: Entry, gamma_pos: float, gamma_neg: float, clip: float, eps: float) -> np.ndarray:
    shifted = np.minimum(e.q + clip, 1)
    present = -((1 - e.p) ** gamma_pos) * np.log(np.maximum(e.p, eps))
    return np.where(e.positive, present, -((1 - shifted) ** gamma_neg) * np.log(np.maximum(shifted, eps)))


def partial(e: Entry) -> float:
    share = e.known.mean(axis=1, keepdims=True)
    return ((5.45 - 4.45 * share) * cross_entropy(e) * e.known).sum() / e.z.size


def focal(e: Entry) -> float:
    return np.where(e.positive, e.q**2 * e.yes, e.p**2 * e.no).sum()


def hill(e: Entry) -> float:
    return np.where(e.positive, np.logaddexp(0, 1 - e.z) / (1 + np.exp(e.z - 1)) ** 2, (1.5 - e.p) * e.p**2).sum()


def robust(e: Entry) -> float:
    present = 1 / (1 + np.exp(2 - 1.5 * e.p))
    weight = np.exp(-(((e.p - 0.6) / 0.7) ** 2) / 2)
    unknown = weight * (present * (1 - np.exp(-0.01 * e.yes)) / 0.01 + (1 - present) * e.p)  # q3 = 1
    return np.where(e.unknown, unknown, np.where(e.positive, guarded(e.p, 1e-7), guarded(e.q, 1e-7))).mean()


def ranking(e: Entry) -> float:
    short = sum(
        max(0.0, 1 - row[i] + row[j])
        for row, positive, negative in zip(e.z, e.positive, e.negative, strict=True)
        for i in positive.nonzero()[0]
        for j in negative.nonzero()[0]
    )
    return short / len(e.z)


def role(e: Entry) -> float:
    """The estimates are the logits of the reversed batch."""
    turned = Entry(*(part[::-1] for part in e))
    halves = 0.0
    for one, other in ((e, turned), (turned, e)):
        entries = np.where(e.positive, guarded(one.p), 0) + np.where(e.negative, guarded(one.q), 0)
        entries += other.p * guarded(one.p) + other.q * guarded(one.q)
        halves += entries.mean() + ((one.p.sum() / len(e.z) - 1.5) / e.z.shape[1]) ** 2
    return halves / 2


def selective(e: Entry) -> float:
    """Unknown entries of the first class are left out."""
    negative = np.where(e.unknown, e.p**4, e.p) * -np.log(np.maximum(e.q, 1e-8))
    entries = np.where(e.positive, -np.log(np.maximum(e.p, 1e-8)), negative)
    return entries[:, 1:].sum() + (entries * e.known)[:, 0].sum()


def entropy(e: Entry) -> float:
    """The second class has a soft label of 0.2 wherever it is unknown."""
    entries = -0.1 * (e.p * guarded(e.p) + e.q * guarded(e.q))
    entries[:, 1] = 0.5 * (0.2 * guarded(e.p) + 0.8 * guarded(e.q))[:, 1]
    return np.where(e.positive, guarded(e.p), np.where(e.negative, guarded(e.q), entries)).mean()


def corrected(e: Entry) -> float:
    shifted = entry(torch.from_numpy(np.where(e.positive, e.z - 1, e.z)), torch.zeros(e.z.shape))
    positive = e.positive | (e.unknown & (shifted.p > 0.6))
    return focal(shifted._replace(positive=positive))


def large(e: Entry) -> float:
    """A quarter of all entries are doubted: the unknown ones that lose most as negatives, and all that tie."""
    ranked = np.sort(e.no[e.unknown])[::-1]
    last = min(-(-e.z.size // 4), len(ranked))
    doubted = e.unknown & (e.no >= ranked[last - 1]) if last else np.zeros_like(e.unknown)
    return np.where(doubted, e.yes, cross_entropy(e)).mean()


def consistency(e: Entry) -> float:
    """q is the reversed batch's p; known positives are the pseudo-labels, and the first image is not confident."""
    chance = e.p[::-1].astype(np.float32)
    soft = chance @ RELATIONS.double().numpy().T
    present, absent = -np.log(np.maximum(e.p, 1e-8)), -np.log(np.maximum(e.q, 1e-8))
    entries = np.where(e.positive, present, absent) + 2 * (soft * present + (1 - soft) * absent)
    return entries[1:].sum()


def pseudo_robust(e: Entry) -> float:
    """`robust`'s settings; of unknown labels the first class's are pseudo-positives, the second's pseudo-negatives."""
    present = 1 / (1 + np.exp(2 - 1.5 * e.p))
    weight = np.exp(-(((e.p - 0.6) / 0.7) ** 2) / 2)
    entries = weight * (present * (1 - np.exp(-0.01 * e.yes)) / 0.01 + (1 - present) * e.p)
    yes, no = guarded(e.p, 1e-7), guarded(e.q, 1e-7)
    clipped = 1 - np.clip(weight, 1 - 0.7, 1 - 0.5)
    entries[:, 0] = (clipped * (0.9 * yes + 0.1 * no))[:, 0]
    entries[:, 1] = (weight * no)[:, 1]
    return np.where(e.unknown, entries, np.where(e.positive, yes, no)).mean()


def variational(e: Entry) -> float:
    """alpha 1, gamma 0.55; class by class."""
    total = 0.0
    for z, positive in zip(e.z.T, e.positive.T, strict=True):
        temperature = min(max(np.sqrt(((z - z.mean()) ** 2).mean()), 0.5), 1.0)
        p = 1 / (1 + np.exp(-z / temperature))
        total += p.mean() ** 0.55 * np.log(p.mean() + 2e-10)
        if positive.any():
            total -= np.log(p[positive] + 2e-10).mean()
    return total


def mixed_agreement(e: Entry) -> float:
    """Targets: 1 where positive, else 0.3."""
    target = np.where(e.positive, 1.0, 0.3)
    return ((np.log(target + 1e-10) - np.log(e.p + 1e-10)) ** 2).mean(axis=0).sum()


def strictly_proper(e: Entry) -> float:
    """zeta 1 and 5, slopes 1 and 3, offsets 0 and 1."""
    entries = np.where(e.positive, np.logaddexp(0, -e.z), np.logaddexp(0, 3 * (e.z - 1)) / 5)
    return (entries * e.known).sum() / max(e.known.sum(), 1)


def recovered(e: Entry) -> float:
    """The teacher's logits are those of the reversed batch; exponents 0 and 2."""
    z = e.z[::-1]
    target = np.where(e.unknown, np.exp(-np.logaddexp(0, -z * z.max(axis=1, keepdims=True))), e.positive)
    hit = target * e.p + (1 - target) * e.q
    entries = target * np.log(np.maximum(e.p, 1e-5)) + (1 - target) * np.log(np.maximum(e.q, 1e-5))
    return -((1 - hit) ** (2 * (1 - target)) * entries).mean()


def focused_entropy(e: Entry) -> float:
    """Of unknown labels the first class's are pseudo-positives, the second's pseudo-negatives."""
    positive, negative = e.positive.copy(), e.negative.copy()
    positive[:, 0] |= e.unknown[:, 0]
    negative[:, 1] |= e.unknown[:, 1]
    unknown = -(e.q**4) * (e.p * guarded(e.p) + e.q * guarded(e.q))
    return np.where(positive, e.q**2 * guarded(e.p), np.where(negative, e.p**4 * guarded(e.q), unknown)).mean()
