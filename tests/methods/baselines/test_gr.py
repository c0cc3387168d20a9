"""The generalized robust loss: by hand, by formula, at its limits, and its schedules."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide
from hypothesis import given, settings
from hypothesis import strategies as st

from methods import METHODS, Batch
from methods.losses.generalized_robust import generalized_robust_loss, power_loss

START = {"slope": 0.0, "offset": -2.0, "center": 0.5, "width": 2.0}


def one(logit: float, label: int, **options: float) -> tuple[float, float]:
    z = torch.tensor([[logit]], requires_grad=True)
    loss = generalized_robust_loss(z, torch.tensor([[label]]), **{**START, **options})
    loss.backward()
    return loss.item(), z.grad.item()


def test_the_loss_by_hand() -> None:
    present = 1 / (1 + np.exp(2))  # K with w = 0, b = -2
    weight = np.exp(-0.5 * (0.25 / 2) ** 2)  # V at p = 3/4
    expected = weight * (present * (1 - 0.75**0.01) / 0.01 + (1 - present) * 0.75)
    assert one(np.log(3), 0)[0] == pytest.approx(expected, rel=1e-5)
    assert one(np.log(3), 1)[0] == pytest.approx(np.log(4 / 3), abs=1e-6)
    assert one(np.log(3), -1)[0] == pytest.approx(np.log(4), abs=1e-6)


def test_the_loss_is_the_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    z = 3 * torch.randn(7, 5, generator=generator)
    y = torch.randint(-1, 2, (7, 5), generator=generator).numpy()
    p = 1 / (1 + np.exp(-z.double().numpy()))
    k = 1 / (1 + np.exp(-(1.5 * p - 2)))
    v = np.exp(-0.5 * ((p - 0.7) / 0.6) ** 2)
    unknown = v * (k * (1 - p**0.3) / 0.3 + (1 - k) * (1 - (1 - p) ** 0.9) / 0.9)
    entries = np.where(y == 1, -np.log(p + 1e-7), np.where(y == -1, -np.log(1 - p + 1e-7), unknown))
    loss = generalized_robust_loss(
        z, torch.from_numpy(y), slope=1.5, offset=-2, center=0.7, width=0.6, q_positive=0.3, q_negative=0.9
    )
    assert loss.item() == pytest.approx(entries.mean(), rel=1e-5)


@pytest.mark.parametrize("logit", [-20.0, -3.0, 0.0, 3.0, 20.0])
def test_the_power_loss_lies_between_absolute_error_and_cross_entropy(logit: float) -> None:
    z = torch.tensor(logit, dtype=torch.float64)
    p = torch.sigmoid(z)
    assert power_loss(z, 1.0).item() == pytest.approx(1 - p.item(), abs=1e-12)
    assert power_loss(z, 1e-6).item() == pytest.approx(-torch.log(p).item(), rel=1e-4)
    assert power_loss(z, 0.5).item() == pytest.approx((1 - p.item() ** 0.5) / 0.5, rel=1e-6, abs=1e-12)


def test_the_power_loss_is_right_where_chances_round_to_0_and_1() -> None:
    """p^q by way of p is 0^0.01 with an infinite slope at z = -200, and 1 - p^q is 0 at z = 30 in single precision."""
    z = torch.tensor([-200.0, 30.0], requires_grad=True)
    loss = power_loss(z, 0.01)
    loss.sum().backward()
    expected = [(1 - np.exp(-200 * 0.01)) / 0.01, np.exp(-30.0)]
    np.testing.assert_allclose(loss.detach().numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(z.grad.numpy(), [-np.exp(-2.0), -np.exp(-30.0)], rtol=1e-4)


def test_k_and_v_are_constants_for_the_gradient() -> None:
    p, step = 0.75, 1e-4
    present, weight = 1 / (1 + np.exp(-(2 * p - 2))), np.exp(-0.5 * ((p - 0.8) / 0.5) ** 2)

    def held(x: float) -> float:
        chance = 1 / (1 + np.exp(-x))
        return weight * (present * (1 - chance**0.01) / 0.01 + (1 - present) * chance)

    slope = (held(np.log(3) + step) - held(np.log(3) - step)) / (2 * step)
    assert one(np.log(3), 0, slope=2.0, center=0.8, width=0.5)[1] == pytest.approx(slope, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    logit=st.one_of(st.sampled_from([-1e4, -30.0, 30.0, 1e4]), st.floats(-60, 60, width=32)),
    label=st.sampled_from([-1, 0, 1]),
    q=st.sampled_from([0.01, 0.5, 1.0, 2.0]),
)
def test_nothing_overflows(logit: float, label: int, q: float) -> None:
    assert np.isfinite(one(logit, label, q_positive=q, q_negative=q, width=0.5)).all()


def test_schedules_are_the_released_ones(data: Data) -> None:
    """In epoch e of 8 w and b stand at (e - 1) / 8, so w ends at 1.75; mu and sigma stand at e / 8."""
    gr = METHODS.get("gr")
    model = gr(gr.Config(epochs=8), build_task(data.labels))
    recorded = []
    for epoch in range(8):
        model.start_epoch(epoch)
        recorded.append(model.schedule())
    assert [step["slope"] for step in recorded] == pytest.approx([0.25 * e for e in range(8)])
    assert all(step["offset"] == -2 for step in recorded)
    assert [step["center"] for step in recorded] == pytest.approx(np.linspace(0.5, 0.8, 9)[1:])
    assert [step["width"] for step in recorded] == pytest.approx(np.linspace(2, 0.5, 9)[1:])
    model.start_epoch(2)
    observed = hide(data.labels)
    with torch.no_grad():
        model.head.bias.fill_(0.7)
    loss = model.loss(Batch(data.features, observed, torch.arange(40)))["loss_gr"]
    logits = model.score(data.features)
    torch.testing.assert_close(
        loss, generalized_robust_loss(logits, observed, slope=0.5, offset=-2, center=0.6125, width=1.4375)
    )
