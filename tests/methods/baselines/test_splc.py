"""SPLC: by hand, by its formula, its gradient, and the epoch from which it corrects."""

import math

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide
from torch import Tensor

from methods import METHODS, Batch
from methods.losses.correction import splc_loss


def sample(seed: int = 0, size: tuple[int, int] = (7, 5), spread: float = 2.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 2, size, generator=generator).to(torch.int8)
    return spread * torch.randn(size, generator=generator), labels


@pytest.mark.parametrize(
    ("logit", "label", "options", "expected"),
    [
        (1.0, 1, {}, 0.25 * np.log(2)),  # the margin takes p from 0.73 to 1/2
        (0.0, 0, {}, 0.25 * np.log(2)),
        (0.0, -1, {}, 0.25 * np.log(2)),
        (np.log(3), 0, {}, 0.75**2 * np.log(4)),  # before corrections start
        (np.log(3), 0, {"correct": True}, 0.25**2 * np.log(4 / 3)),  # p = 0.75 > 0.6: a positive without margin
        (np.log(3), -1, {"correct": True}, 0.75**2 * np.log(4)),  # a known negative is believed
        (np.log(3), -1, {"correct": True, "known_too": True}, 0.25**2 * np.log(4 / 3)),
        (np.log(3), 0, {"correct": True, "tau": 0.8}, 0.75**2 * np.log(4)),
        (np.log(3), 1, {"correct": True, "margin": 0.0}, 0.25**2 * np.log(4 / 3)),
    ],
)
def test_splc_by_hand(logit: float, label: int, options: dict, expected: float) -> None:
    loss, _ = splc_loss(torch.tensor([[logit]]), torch.tensor([[label]]), **{"correct": False, **options})
    assert loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("correct", [False, True])
@pytest.mark.parametrize("known_too", [False, True])
def test_splc_is_the_formula(correct: bool, known_too: bool) -> None:
    z, y = sample()
    logits, targets = z.double().numpy(), (y == 1).double().numpy()
    shifted = np.where(targets == 1, logits - 1, logits)
    p = 1 / (1 + np.exp(-shifted))
    if correct:
        targets = np.where((p > 0.6) & (known_too | (y.numpy() == 0)), 1, targets)
    expected = -((1 - p) ** 2 * targets * np.log(p) + p**2 * (1 - targets) * np.log(1 - p))
    loss, corrected = splc_loss(z, y, correct=correct, known_too=known_too)
    np.testing.assert_array_equal(corrected.numpy(), (targets == 1) & (y.numpy() != 1))
    assert loss.item() == pytest.approx(expected.sum(), rel=1e-5)


def test_splcs_focal_factor_has_a_gradient_and_its_comparison_none() -> None:
    z = torch.tensor([[0.7]], requires_grad=True)
    splc_loss(z, torch.tensor([[0]]), correct=True)[0].backward()

    def by_hand(x: float) -> float:
        p = 1 / (1 + math.exp(-x))
        return -((1 - p) ** 2) * math.log(p)

    assert z.grad.item() == pytest.approx((by_hand(0.7001) - by_hand(0.6999)) / 0.0002, rel=1e-3)


def test_splc_corrects_from_its_epoch_on(data: Data) -> None:
    splc = METHODS.get("splc")
    model = splc(splc.Config(start=2), build_task(data.labels))
    batch = Batch(data.features, hide(data.labels), torch.arange(40))
    with torch.no_grad():
        model.head.bias.fill_(1.0)  # all are present with p = 0.73
    losses = []
    for epoch in range(4):
        model.start_epoch(epoch)
        losses.append(model.loss(batch)["loss_splc"].item())
    assert losses[0] == losses[1] > losses[2] == losses[3]
