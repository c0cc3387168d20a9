"""Losses over labels with gaps: hand-worked numbers, formulas written anew in NumPy, and what may never matter."""

import numpy as np
import pytest
import torch
from helpers.reference_losses import reference_entries, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.losses import asymmetric_loss, binary_cross_entropy

DUALCOOP = {"gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.05}
GAMMAS = [(0.0, 4.0, 0.05), (1.0, 2.0, 0.05), (0.0, 2.0, 0.0), (0.0, 0.0, 0.0), (1.5, 3.0, 0.2)]
REDUCTIONS = ["sum", "sum/batch", "mean/known", "mean"]
LOSSES = {
    "asl": lambda z, y, **options: asymmetric_loss(z, y, **DUALCOOP, **options),
    "bce": binary_cross_entropy,
}


def reference_reduce(entries: np.ndarray, y: np.ndarray, unknown: str, reduction: str) -> float:
    counted = [entries[i, j] for i, j in np.ndindex(*y.shape) if y[i, j] != 0 or unknown == "negative"]
    size = {"sum": 1, "sum/batch": len(y), "mean/known": len(counted), "mean": y.size}[reduction]
    return sum(counted) / size


@pytest.mark.parametrize(
    ("logit", "label", "expected"),
    [
        (0.0, 1, 0.5 * np.log(2)),  # (1 - 1/2)^1 log 2
        (0.0, -1, 0.45**2 * -np.log(0.55)),  # q = 1/2 + 0.05
        (np.log(3), 1, 0.25 * np.log(4 / 3)),  # p = 3/4
        (np.log(3), -1, 0.7**2 * -np.log(0.3)),  # q = 1/4 + 0.05
        (-4.0, -1, 0.0),  # p = 0.018 < clip: easy negatives cost nothing
        (7.0, 0, 0.0),
    ],
)
def test_asymmetric_loss_by_hand(logit: float, label: int, expected: float) -> None:
    loss = asymmetric_loss(torch.tensor([[logit]]), torch.tensor([[label]]), **DUALCOOP)
    assert loss.item() == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("gammas", GAMMAS)
@pytest.mark.parametrize("unknown", ["ignore", "negative"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_asymmetric_loss_is_the_formula(gammas: tuple[float, float, float], unknown: str, reduction: str) -> None:
    z, y = sample()
    gamma_pos, gamma_neg, clip = gammas
    loss = asymmetric_loss(
        z, y, gamma_pos=gamma_pos, gamma_neg=gamma_neg, clip=clip, unknown=unknown, reduction=reduction
    )
    entries = reference_entries(z.numpy(), y.numpy(), *gammas, eps=1e-8)
    assert loss.item() == pytest.approx(reference_reduce(entries, y.numpy(), unknown, reduction), rel=1e-4)


def test_the_focusing_factor_has_no_gradient() -> None:
    z, y = sample(spread=2.0)
    z.requires_grad_()
    asymmetric_loss(z, y, **DUALCOOP, reduction="sum").backward()
    p = 1 / (1 + np.exp(-z.detach().double().numpy()))
    q = np.minimum(1 - p + 0.05, 1)
    positives = -(1 - p) * (1 - p)  # factor times the derivative of -log p
    negatives = np.where(q < 1, (1 - q) ** 2 * p * (1 - p) / q, 0)
    expected = np.where(y.numpy() == 1, positives, np.where(y.numpy() == -1, negatives, 0))
    np.testing.assert_allclose(z.grad.numpy(), expected, rtol=1e-4, atol=1e-7)


def test_the_loss_of_a_difference_is_dualcoops_softmax_over_the_pair() -> None:
    negative, y = sample(0)
    positive, _ = sample(1)
    pair = np.exp(np.stack([negative.double().numpy(), positive.double().numpy()]))
    below, above = pair / pair.sum(axis=0)
    expected = 0.0
    for i, j in np.argwhere(y.numpy() != 0):
        if y[i, j] == 1:
            expected -= (1 - above[i, j]) * np.log(max(above[i, j], 1e-6))
        else:
            shifted = min(below[i, j] + 0.05, 1)
            expected -= (1 - shifted) ** 2 * np.log(max(shifted, 1e-6))
    loss = asymmetric_loss(positive - negative, y, **DUALCOOP, eps=1e-6, reduction="sum")
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_binary_cross_entropy_by_hand_and_without_overflow() -> None:
    z, y = torch.tensor([[0.0, np.log(3), -np.log(3), 5.0]]), torch.tensor([[1, 1, 1, 0]])
    expected = np.log(2) + np.log(4 / 3) + np.log(4)
    assert binary_cross_entropy(z, y, reduction="sum").item() == pytest.approx(expected, rel=1e-5)
    assert binary_cross_entropy(torch.tensor([[-200.0]]), torch.tensor([[1]])).item() == pytest.approx(200)


def test_asymmetric_loss_without_asymmetry_is_binary_cross_entropy() -> None:
    z, y = sample()
    plain = asymmetric_loss(z, y, gamma_pos=0, gamma_neg=0, clip=0)
    torch.testing.assert_close(plain, binary_cross_entropy(z, y))


@pytest.mark.parametrize("name", LOSSES)
def test_unknown_as_negative_is_the_loss_of_filled_labels(name: str) -> None:
    z, y = sample()
    filled = torch.where(y == 0, -torch.ones_like(y), y)
    for reduction in REDUCTIONS:
        assert torch.equal(
            LOSSES[name](z, y, unknown="negative", reduction=reduction), LOSSES[name](z, filled, reduction=reduction)
        )


@pytest.mark.parametrize("name", LOSSES)
def test_reductions_differ_by_their_counts(name: str) -> None:
    z, y = sample()
    total, per_image, per_known, per_entry = (LOSSES[name](z, y, reduction=r).item() for r in REDUCTIONS)
    known = (y != 0).sum().item()
    assert total == pytest.approx(per_image * len(y)) == pytest.approx(per_known * known)
    assert total == pytest.approx(per_entry * y.numel())


def test_a_wrong_reduction_is_named() -> None:
    z, y = sample()
    with pytest.raises(ValueError, match=r"'average'.*mean/known"):
        binary_cross_entropy(z, y, reduction="average")  # type: ignore[arg-type]


entry = st.tuples(
    st.one_of(st.sampled_from([-1e4, -30.0, 0.0, 30.0, 1e4]), st.floats(-40, 40, width=32)), st.sampled_from([-1, 0, 1])
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(entry, min_size=3, max_size=3), min_size=1, max_size=4), other=st.floats(-50, 50))
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_unknown_entries_never_matter_and_nothing_overflows(
    name: str, reduction: str, rows: list, other: float
) -> None:
    grid = torch.tensor(rows, dtype=torch.float64)
    z, y = grid[..., 0].float().requires_grad_(), grid[..., 1].to(torch.int8)
    loss = LOSSES[name](z, y, reduction=reduction)
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()
    assert (z.grad[y == 0] == 0).all()
    elsewhere = torch.where(y == 0, other, z.detach())
    assert torch.equal(LOSSES[name](elsewhere, y, reduction=reduction), loss.detach())


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_nothing_known_costs_nothing(name: str, reduction: str) -> None:
    z, y = sample()
    z.requires_grad_()
    loss = LOSSES[name](z, torch.zeros_like(y), reduction=reduction)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(z.grad, torch.zeros_like(z))
    assert LOSSES[name](z[:0], y[:0], reduction=reduction).item() == 0


@pytest.mark.parametrize("name", LOSSES)
def test_autocast_does_not_reach_the_loss(name: str) -> None:
    z, y = sample()
    rough = z.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = LOSSES[name](rough, y)
        exact = LOSSES[name](z, y)
    assert loss.dtype == exact.dtype == torch.float32
    torch.testing.assert_close(exact, LOSSES[name](z, y), rtol=1e-6, atol=0)
    torch.testing.assert_close(loss, LOSSES[name](rough.float(), y), rtol=0.01, atol=0)
    if name == "asl":  # what is halved before the pair's difference is taken is rounded once more
        assert torch.equal(loss, LOSSES[name](rough.float(), y))
