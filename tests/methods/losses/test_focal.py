"""Focal and Hill losses: by hand, formulas written anew, another library, derivatives."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from methods import METHODS
from methods.losses import binary_cross_entropy, focal_loss, hill_loss

LOSSES = {"focal": focal_loss, "hill": hill_loss}


def sample() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(7, 5, generator=generator), torch.randint(-1, 2, (7, 5), generator=generator).to(torch.int8)


def test_focal_by_hand() -> None:
    z, y = torch.tensor([[0.0, np.log(3), np.log(3)]]), torch.tensor([[1, 1, -1]])
    expected = 0.25 * np.log(2) + (1 / 16) * np.log(4 / 3) + (9 / 16) * np.log(4)
    assert focal_loss(z, y).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 3.0])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_focal_is_the_formula(gamma: float, alpha: float | None) -> None:
    z, y = sample()
    p = 1 / (1 + np.exp(-z.double().numpy()))
    positive = y.numpy() == 1
    entries = np.where(positive, -((1 - p) ** gamma) * np.log(p), -(p**gamma) * np.log(1 - p))
    if alpha is not None:
        entries *= np.where(positive, alpha, 1 - alpha)
    for unknown, counts in (("negative", np.ones_like(positive)), ("ignore", y.numpy() != 0)):
        loss = focal_loss(z, y, gamma=gamma, alpha=alpha, unknown=unknown)
        assert loss.item() == pytest.approx(entries[counts].sum(), rel=1e-4)


def test_focal_agrees_with_mmpretrain() -> None:
    try:
        from mmpretrain.models.losses import FocalLoss
    except ImportError as error:
        pytest.skip(f"mmpretrain's losses cannot be imported here: {error}")
    z, y = sample()
    theirs = FocalLoss(gamma=2.0, alpha=0.25, reduction="sum")(z, (y == 1).float())
    torch.testing.assert_close(focal_loss(z, y, alpha=0.25), theirs)


def test_detached_focal_has_the_values_of_the_hill_losss_repository() -> None:
    """Its AsymmetricLoss(gamma_neg=2, gamma_pos=2, clip=0) at a positive: the factor detached, the chance clamped."""
    z = torch.tensor([[0.0, -30.0]], requires_grad=True)
    loss = focal_loss(z, torch.ones(1, 2, dtype=torch.int8), gamma=2.0, detach=True)
    loss.backward()
    assert loss.item() == pytest.approx(0.25 * np.log(2) - np.log(1e-8), rel=1e-6)
    assert z.grad.tolist() == [[pytest.approx(-0.125, rel=1e-6), 0.0]]


def test_focal_trains_detached_unless_asked_otherwise() -> None:
    config = METHODS.get("focal").Config()
    assert config.detach
    assert not dataclasses.replace(config, **METHODS.get("focal").recipes["mmpretrain"]).detach


def test_focal_without_focus_is_cross_entropy() -> None:
    z, y = sample()
    plain = binary_cross_entropy(z, y, unknown="negative", reduction="sum")
    torch.testing.assert_close(focal_loss(z, y, gamma=0.0), plain)


def test_hill_by_hand() -> None:
    """p_m of a positive is sigmoid(z - 1); a negative's loss has no logarithm."""
    z, y = torch.tensor([[1 + np.log(3), 0.0, np.log(3)]]), torch.tensor([[1, 0, -1]])
    expected = (1 / 16) * np.log(4 / 3) + 1.0 * 0.25 + 0.75 * (9 / 16)
    assert hill_loss(z, y).item() == pytest.approx(expected, rel=1e-5)
    ignoring = hill_loss(z, y, unknown="ignore")
    assert ignoring.item() == pytest.approx(expected - 0.25, rel=1e-5)


def test_hills_gradient_on_negatives_is_a_hill() -> None:
    """d/dz (1.5 - p) p^2 = 3 p^2 (1 - p)^2: largest at p = 1/2, none far up. The positives' factor is not detached."""
    z = torch.linspace(-6, 6, 13, dtype=torch.float64).float().requires_grad_()
    hill_loss(z[None], torch.zeros(1, 13)).backward()
    p = torch.sigmoid(z.detach())
    torch.testing.assert_close(z.grad, 3 * p.square() * (1 - p).square(), rtol=1e-4, atol=1e-7)
    assert z.grad.argmax() == 6

    z = z.detach().requires_grad_()
    hill_loss(z[None], torch.ones(1, 13)).backward()
    p = torch.sigmoid(z.detach() - 1).double()
    expected = (1 - p) ** 2 * (2 * p * p.log() - (1 - p))
    torch.testing.assert_close(z.grad.double(), expected, rtol=1e-4, atol=1e-7)


entry = st.tuples(
    st.one_of(st.sampled_from([-1e4, -30.0, 0.0, 30.0, 1e4]), st.floats(-40, 40, width=32)), st.sampled_from([-1, 0, 1])
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(entry, min_size=3, max_size=3), min_size=1, max_size=4), gamma=st.floats(0, 4))
@pytest.mark.parametrize("name", LOSSES)
def test_nothing_overflows_and_ignored_entries_never_matter(name: str, rows: list, gamma: float) -> None:
    grid = torch.tensor(rows, dtype=torch.float64)
    z, y = grid[..., 0].float().requires_grad_(), grid[..., 1].to(torch.int8)
    loss = LOSSES[name](z, y, gamma=gamma, unknown="ignore")
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()
    assert (z.grad[y == 0] == 0).all()
    filled = torch.where(y == 0, -torch.ones_like(y), y)
    assert torch.equal(LOSSES[name](z, y), LOSSES[name](z, filled))


@pytest.mark.parametrize("name", LOSSES)
def test_autocast_does_not_reach_the_loss(name: str) -> None:
    z, y = sample()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(LOSSES[name](z.bfloat16(), y), LOSSES[name](z.bfloat16().float(), y))
