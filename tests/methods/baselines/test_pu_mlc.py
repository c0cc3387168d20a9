"""PU-MLC: what a step mixes, what known negatives are to it, and its loss at the start."""

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide

from methods import METHODS, Batch, Features
from methods.losses.positive_unlabelled import variational_pu_loss

PUMLC = METHODS.get("pu_mlc")
ROWS = torch.arange(40)


def test_the_variational_loss_by_hand() -> None:
    """Two images, one class: z = +-1 has a deviation of 1, so T = 1; p = 0.731 and 0.269, their mean 1/2."""
    z, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([[1], [0]])
    p = 1 / (1 + np.exp(-1))
    expected = 0.5**0.55 * np.log(0.5) - np.log(p)
    assert variational_pu_loss(z, y, alpha=1.0, gamma=0.55).item() == pytest.approx(expected, rel=1e-6)
    cooled = variational_pu_loss(z, y, alpha=0.7, gamma=0.55).item()
    p = 1 / (1 + np.exp(-1 / 0.7))
    assert cooled == pytest.approx(0.5**0.55 * np.log(0.5) - np.log(p), rel=1e-6)
    nothing = variational_pu_loss(z, torch.zeros_like(y), alpha=1.0, gamma=0.55).item()
    assert nothing == pytest.approx(0.5**0.55 * np.log(0.5), rel=1e-6), (
        "a class without a positive keeps the first term"
    )


def test_temperature_and_weight_have_no_gradient() -> None:
    z = torch.tensor([[0.9, 0.3], [-0.2, 0.1], [0.4, -0.5]], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[1, 0], [0, 1], [0, 0]])
    temperature = z.detach().std(dim=0, correction=0).clamp(0.5, 1)
    p = torch.sigmoid(z / temperature)
    weight = p.detach().mean(dim=0) ** 0.55
    loss = (weight * p.mean(dim=0).log()).sum() - p[0, 0].log() - p[1, 1].log()
    (expected,) = torch.autograd.grad(loss, z)
    (result,) = torch.autograd.grad(variational_pu_loss(z, y, alpha=1.0, gamma=0.55), z)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-6)


def test_halves_are_mixed_and_an_odd_image_is_left_out() -> None:
    model = PUMLC(PUMLC.Config(), build_task(torch.zeros(5, 5, dtype=torch.int8)))
    features = Features(torch.zeros(5, 0, 1), torch.eye(5))
    labels = torch.tensor([[1, 0, 0, 0, -1]] + 4 * [[0, 0, 0, 0, 0]])
    logits = torch.randn(5, 5, requires_grad=True)
    torch.manual_seed(3)
    mixed, targets = model.mixed(features, labels, logits)
    share = mixed.pooled[:, :2].max().item()
    first = mixed.pooled[:, :2].argmax(dim=1)
    assert sorted(first.tolist()) == [0, 1]
    assert (mixed.pooled[:, 2] == 0).all(), "the middle one of five"
    torch.testing.assert_close(mixed.pooled[:, 3:], (1 - share) * torch.eye(2))
    t = torch.sigmoid(logits)
    t = torch.where(labels > 0, torch.ones(()), t)
    torch.testing.assert_close(targets, share * t[first] + (1 - share) * t[3:])
    assert targets.requires_grad, "the released code does not detach them"


@pytest.mark.parametrize("known", [False, True])
def test_known_negatives_count_if_they_are_to(data: Data, known: bool) -> None:
    labels = hide(data.labels)
    model = PUMLC(PUMLC.Config(known_negatives=known, mix_weight=0.0), build_task(labels))
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
    losses = [model.loss(Batch(data.features, y, ROWS))["loss_pu"].item() for y in (labels, labels.clamp(min=0))]
    z = model.score(data.features).double().numpy()
    added = sum(np.logaddexp(0, z[:, c])[labels[:, c].numpy() < 0].mean() for c in range(5))
    assert losses[0] - losses[1] == pytest.approx(added if known else 0.0, rel=1e-4)
