"""What is asked of every loss: right on rows without any known label, at logits of +-30, and in float32 under autocast.

Each is held against its formula, written anew in NumPy and float64; a new loss that is not in the table fails.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from methods import losses
from methods.baselines.scpnet import consistency_loss
from methods.losses.asymmetric import asymmetric_loss
from methods.losses.correction import large_loss, splc_loss
from methods.losses.cross_entropy import (
    binary_cross_entropy,
    partial_binary_cross_entropy,
    soft_binary_cross_entropy,
)
from methods.losses.focal import focal_loss, hill_loss
from methods.losses.generalized_robust import generalized_robust_loss
from methods.losses.ranking import ranking_loss
from methods.losses.role import role_loss
from methods.losses.selective import partial_asymmetric_loss
from methods.losses.unknown import entropy_maximization_loss

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


def agreement(z: Tensor, y: Tensor) -> Tensor:
    chance, confident = torch.sigmoid(z.detach().float().flip(0)), torch.arange(len(z)) > 0
    return consistency_loss(z, chance, y > 0, confident, RELATIONS, 2.0)


def first_left_out(y: Tensor) -> Tensor:
    return torch.zeros_like(y, dtype=torch.bool).index_fill(1, torch.tensor(0), True)


def soft_second(z: Tensor) -> Tensor:
    soft = torch.full_like(z.detach(), float("nan"), dtype=torch.float32)
    soft[:, 1] = 0.2
    return soft


GAMMAS = {"gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.05}
LOSSES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Entry], float]]] = {
    "binary_cross_entropy": (
        lambda z, y: binary_cross_entropy(z, y, reduction="mean/known"),
        lambda e: (cross_entropy(e) * e.known).sum() / max(e.known.sum(), 1),
    ),
    "partial_binary_cross_entropy": (partial_binary_cross_entropy, partial),
    "soft_binary_cross_entropy": (
        lambda z, y: soft_binary_cross_entropy(z, torch.where(y > 0, 0.4, y)),
        lambda e: (np.where(e.positive, 0.4 * e.yes + 0.6 * e.no, e.no) * e.known).sum() / max(e.known.sum(), 1),
    ),
    "asymmetric_loss": (
        lambda z, y: asymmetric_loss(z, y, **GAMMAS),
        lambda e: (asymmetric(e, 1, 2, 0.05, 1e-8) * e.known).sum() / len(e.z),
    ),
    "focal_loss": (focal_loss, focal),
    "hill_loss": (hill_loss, hill),
    "generalized_robust_loss": (
        lambda z, y: generalized_robust_loss(z, y, slope=1.5, offset=-2.0, center=0.6, width=0.7),
        robust,
    ),
    "ranking_loss": (ranking_loss, ranking),
    "role_loss": (lambda z, y: role_loss(z, z.flip(0), y, 1.5), role),
    "partial_asymmetric_loss": (
        lambda z, y: partial_asymmetric_loss(z, y, gamma_unknown=4.0, left_out=first_left_out(y)),
        selective,
    ),
    "entropy_maximization_loss": (
        lambda z, y: entropy_maximization_loss(z, y, alpha=0.1, soft=soft_second(z), soft_weight=0.5),
        entropy,
    ),
    "splc_loss": (lambda z, y: splc_loss(z, y, correct=True)[0], corrected),
    "large_loss": (lambda z, y: large_loss(z, y, share=0.25, correct=True)[0], large),
    "consistency_loss": (agreement, consistency),  # SCPNet's own
}
every_loss = pytest.mark.parametrize("name", LOSSES)


def logits(size: float | None = None) -> Tensor:
    """(24, 4), of any size or all of one, with either sign."""
    generator = torch.Generator().manual_seed(1)
    z = 3 * torch.randn(24, 4, generator=generator)
    return z if size is None else size * z.sign()


LABELS = torch.randint(-1, 2, (24, 4), generator=torch.Generator().manual_seed(2)).to(torch.int8)
LABELS[1::3] = 0
KNOWN = {
    "a third of the rows without": LABELS,
    "none at all": torch.zeros_like(LABELS),
    "positives alone": LABELS.clamp(min=0),
    "all": torch.where(LABELS == 0, -1, LABELS),
}


def test_no_loss_is_missing_here() -> None:
    """A loss is a public function with labels or targets; two of them only help others."""
    found = set()
    for module in pkgutil.iter_modules(losses.__path__, "methods.losses."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            if {"labels", "targets"} & set(inspect.signature(function).parameters) and not name.startswith("_"):
                found.add(name)
    assert found - {"reduce_entries", "doubtful_unknowns"} == set(LOSSES) - {"consistency_loss"}


@every_loss
@pytest.mark.parametrize("size", [None, 30.0, -30.0])
@pytest.mark.parametrize("known", KNOWN)
def test_it_is_the_formula_whatever_is_known_and_however_large_logits_are(
    name: str, known: str, size: float | None
) -> None:
    loss, formula = LOSSES[name]
    z, y = logits(size).requires_grad_(), KNOWN[known]
    value = loss(z, y)
    (gradient,) = torch.autograd.grad(value, z)
    assert gradient.isfinite().all()
    assert value.item() == pytest.approx(formula(entry(z.detach(), y)), rel=1e-4, abs=1e-6)


@every_loss
def test_it_is_computed_in_float32_under_autocast(name: str) -> None:
    """Of half-precision logits too: only their own rounding remains."""
    loss, _ = LOSSES[name]
    for z in (logits(), logits().bfloat16(), logits(30.0).bfloat16()):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(z, LABELS)
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, loss(z.float(), LABELS), rtol=1e-6, atol=1e-7)
