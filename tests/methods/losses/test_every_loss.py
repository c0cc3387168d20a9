"""What is asked of every loss: right on rows without any known label, at logits of +-30, and in float32 under autocast.

Each is held against its formula, written anew in NumPy and float64; a new loss that is not in the table fails.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable

import numpy as np
import pytest
import torch
from helpers.loss_formulas import (
    RELATIONS,
    Entry,
    asymmetric,
    consistency,
    corrected,
    cross_entropy,
    entropy,
    entry,
    focal,
    focused_entropy,
    hill,
    large,
    mixed_agreement,
    partial,
    pseudo_robust,
    ranking,
    recovered,
    robust,
    role,
    selective,
    strictly_proper,
    variational,
)
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
from methods.losses.generalized_robust import generalized_robust_loss, pseudo_robust_loss
from methods.losses.positive_unlabelled import mixed_agreement_loss, variational_pu_loss
from methods.losses.ranking import ranking_loss
from methods.losses.recovered import recovered_asymmetric_loss
from methods.losses.role import role_loss
from methods.losses.selective import partial_asymmetric_loss
from methods.losses.strictly_proper import strictly_proper_loss
from methods.losses.unknown import entropy_maximization_loss, focused_entropy_loss


def agreement(z: Tensor, y: Tensor) -> Tensor:
    chance, confident = torch.sigmoid(z.detach().float().flip(0)), torch.arange(len(z)) > 0
    return consistency_loss(z, chance, y > 0, confident, RELATIONS, 2.0)


def first_left_out(y: Tensor) -> Tensor:
    return torch.zeros_like(y, dtype=torch.bool).index_fill(1, torch.tensor(0), True)


def soft_second(z: Tensor) -> Tensor:
    soft = torch.full_like(z.detach(), float("nan"), dtype=torch.float32)
    soft[:, 1] = 0.2
    return soft


def first_and_second(y: Tensor) -> Tensor:
    pseudo = torch.zeros_like(y)
    pseudo[:, 0], pseudo[:, 1] = 1, -1
    return pseudo


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
    "pseudo_robust_loss": (
        lambda z, y: pseudo_robust_loss(
            z, y, first_and_second(y), slope=1.5, offset=-2.0, center=0.6, width=0.7, least=0.5, most=0.7
        ),
        pseudo_robust,
    ),
    "variational_pu_loss": (lambda z, y: variational_pu_loss(z, y, alpha=1.0, gamma=0.55), variational),
    "mixed_agreement_loss": (lambda z, y: mixed_agreement_loss(z, torch.where(y > 0, 1.0, 0.3)), mixed_agreement),
    "strictly_proper_loss": (strictly_proper_loss, strictly_proper),
    "recovered_asymmetric_loss": (lambda z, y: recovered_asymmetric_loss(z, z.flip(0), y), recovered),
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
    "focused_entropy_loss": (lambda z, y: focused_entropy_loss(z, y, first_and_second(y)), focused_entropy),
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
    names = set()
    for module in pkgutil.iter_modules(losses.__path__, "methods.losses."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            if {"labels", "targets"} & set(inspect.signature(function).parameters) and not name.startswith("_"):
                names.add(name)
    assert names - {"reduce_entries", "doubtful_unknowns"} == set(LOSSES) - {"consistency_loss"}


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
