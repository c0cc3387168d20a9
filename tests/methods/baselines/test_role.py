"""ROLE: its loss by hand and by formula, where its estimates start, who moves them; how many positives are expected."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from methods import METHODS, Batch
from methods.baselines.role import LabelEstimates
from methods.losses.expected_positives import expected_positives_penalty, positives_per_image
from methods.losses.role import role_loss


def sigmoid(z: Tensor) -> np.ndarray:
    return 1 / (1 + np.exp(-z.detach().double().numpy()))


def neg_log(x: np.ndarray) -> np.ndarray:
    return -np.log(x + 1e-5)


def sample(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 2, (7, 5), generator=generator).to(torch.int8)
    return 2 * torch.randn(7, 5, generator=generator), 2 * torch.randn(7, 5, generator=generator), labels


def test_the_loss_by_hand() -> None:
    """p = 3/4, q = 1/2, one image and one class, k = 1: the cross terms are log 2 + KL and the like."""
    z, theta = torch.tensor([[np.log(3.0)]]), torch.tensor([[0.0]])
    student = 0.5 * np.log(4 / 3) + 0.5 * np.log(4) + (0.75 - 1) ** 2
    teacher = np.log(2) + (0.5 - 1) ** 2
    loss = {y: role_loss(z, theta, torch.tensor([[y]]), expected=1.0).item() for y in (1, 0, -1)}
    assert loss[0] == pytest.approx((student + teacher) / 2, abs=5e-5)
    assert loss[1] - loss[0] == pytest.approx((np.log(4 / 3) + np.log(2)) / 2, abs=5e-5)
    assert loss[-1] - loss[0] == pytest.approx((np.log(4) + np.log(2)) / 2, abs=5e-5)


def test_the_loss_is_the_formula() -> None:
    z, theta, y = sample()
    p, q, y = sigmoid(z), sigmoid(theta), y.numpy()
    positives = ((y == 1) * (neg_log(p) + neg_log(q))).sum()
    negatives = ((y == -1) * (neg_log(1 - p) + neg_log(1 - q))).sum()
    cross = (q * neg_log(p) + (1 - q) * neg_log(1 - p) + p * neg_log(q) + (1 - p) * neg_log(1 - q)).sum()
    penalties = sum(((chance.sum(axis=1).mean() - 1.5) / 5) ** 2 for chance in (p, q))
    expected = (positives + negatives + cross) / 2 / 35 + penalties / 2
    assert role_loss(z, theta, torch.from_numpy(y), 1.5).item() == pytest.approx(expected, rel=1e-5)


def test_each_teaches_the_other_without_being_moved_by_it() -> None:
    """At k = what p sums to, the gradient of z for an unknown label is that of CE(q -> p) alone, q held fixed."""
    z, theta, _ = sample()
    z.requires_grad_()
    p, q = sigmoid(z), sigmoid(theta)
    role_loss(z, theta, torch.zeros(7, 5), float(p.sum(axis=1).mean())).backward()
    expected = (p - q) / 2 / 35
    np.testing.assert_allclose(z.grad.numpy(), expected, rtol=2e-3, atol=1e-6)  # the guard inside the logarithms


def test_swapping_classifier_and_estimates_changes_nothing() -> None:
    z, theta, y = sample()
    assert role_loss(z, theta, y, 1.5).item() == pytest.approx(role_loss(theta, z, y, 1.5).item(), rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    z=st.sampled_from([-1e4, -30.0, 0.0, 30.0, 1e4]),
    theta=st.sampled_from([-1e4, -30.0, 0.0, 30.0, 1e4]),
    label=st.sampled_from([-1, 0, 1]),
)
def test_nothing_overflows(z: float, theta: float, label: int) -> None:
    logits, estimates = (torch.tensor([[v]], requires_grad=True) for v in (z, theta))
    loss = role_loss(logits, estimates, torch.tensor([[label]]), 1.0)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite()
    assert estimates.grad.isfinite()


def test_estimates_start_sure_of_known_labels_and_undecided_of_others() -> None:
    torch.manual_seed(0)
    observed = torch.randint(-1, 2, (200, 5), generator=torch.Generator().manual_seed(0)).to(torch.int8)
    chance = torch.sigmoid(LabelEstimates(observed).logits.detach())
    torch.testing.assert_close(chance[observed == 1], torch.full(((observed == 1).sum(),), 0.995))
    torch.testing.assert_close(chance[observed == -1], torch.full(((observed == -1).sum(),), 0.005))
    unknown = chance[observed == 0]
    assert 0.4 <= unknown.min() < 0.41
    assert 0.59 < unknown.max() <= 0.6
    assert unknown.mean() == pytest.approx(0.5, abs=0.01)


def test_a_batch_moves_the_estimates_of_its_own_images(data: Data) -> None:
    role, observed = METHODS.get("role"), hide(data.labels)
    model = role(role.Config(), build_task(observed))
    rows = torch.tensor([7, 3, 30])
    model.loss(Batch(type(data.features)(*(x[rows] for x in data.features)), observed[rows], rows))[
        "loss_role"
    ].backward()
    moved = model.estimates.logits.grad.abs().sum(dim=1) > 0
    assert moved.nonzero().flatten().tolist() == [3, 7, 30]


def test_estimates_are_fast_and_do_not_decay() -> None:
    role = METHODS.get("role")
    assert role.lr_multipliers(role.Config()) == {"estimates": 10.0}
    assert role.decay_multipliers(role.Config()) == {"estimates": 0.0}


def test_the_penalty_by_hand() -> None:
    chance = torch.tensor([[0.5, 0.5, 1.0], [0.0, 1.0, 1.0]])  # two positives an image
    assert expected_positives_penalty(chance, 2.0).item() == 0
    assert expected_positives_penalty(chance, 3.5).item() == pytest.approx(1.5**2 / 9)


def test_expected_positives_are_exact_with_all_labels_and_near_with_some() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.where(torch.rand(4000, 6, generator=generator) < torch.arange(1, 7) / 10, 1, -1).to(torch.int8)
    truth = (labels == 1).sum().item() / 4000
    assert positives_per_image(labels) == pytest.approx(truth)
    observed = torch.where(torch.rand(labels.shape, generator=generator) < 0.3, labels, 0)
    assert positives_per_image(observed) == pytest.approx(truth, abs=0.1)


def test_expected_positives_without_known_negatives_are_the_known_positives() -> None:
    observed = torch.tensor([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]])  # the last is held out
    assert positives_per_image(observed) == pytest.approx(1.0)
    assert positives_per_image(torch.zeros(3, 2)) == 0
    mixed = torch.tensor([[1, 0], [-1, 1], [-1, 0], [0, 1]])  # a third of the first class, half of the images
    assert positives_per_image(mixed) == pytest.approx(1 / 3 + 1 / 2)


def test_a_given_number_of_positives_is_taken(data: Data) -> None:
    role = METHODS.get("role")
    assert role(role.Config(expected_positives=2.9), build_task(data.labels)).expected == 2.9
    actual = role(role.Config(), build_task(data.labels)).expected
    assert actual == pytest.approx((data.labels == 1).sum().item() / 40)
