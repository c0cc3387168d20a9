"""The asymmetric loss as different papers use it: with and without the gradient of its factor, and other libraries."""

import numpy as np
import pytest
import torch
from helpers.reference_losses import reference_entries, sample
from helpers.toy_world import Data, build_task
from torch.nn import functional as F

from bench.settings.conversion import build
from methods import METHODS, Batch
from methods.losses import asymmetric_loss

ASL = METHODS.get("asl")


@pytest.fixture(scope="module")
def theirs():
    try:
        from mmpretrain.models.losses import AsymmetricLoss
    except ImportError as error:
        pytest.skip(f"mmpretrain's losses cannot be imported here: {error}")
    return AsymmetricLoss


@pytest.mark.parametrize(("gamma_pos", "gamma_neg", "clip"), [(0.0, 4.0, 0.05), (1.0, 2.0, 0.05), (1.5, 3.0, 0.0)])
def test_it_agrees_with_mmpretrain_in_value_and_gradient(gamma_pos, gamma_neg, clip, theirs) -> None:
    """Theirs lets the gradient through the factor and divides by the batch when the head says so."""
    z, y = sample(spread=2.0)
    shape = {"gamma_pos": gamma_pos, "gamma_neg": gamma_neg, "clip": clip}
    ours_z, theirs_z = z.clone().requires_grad_(), z.clone().requires_grad_()
    ours = asymmetric_loss(ours_z, y, **shape, unknown="negative", detach=False)
    other = theirs(**shape)(theirs_z, (y == 1).float(), avg_factor=len(y))
    ours.backward()
    other.backward()
    torch.testing.assert_close(ours, other)
    torch.testing.assert_close(ours_z.grad, theirs_z.grad)


def test_detaching_changes_the_gradient_and_not_the_value() -> None:
    z, y = sample(spread=2.0)
    shape = {"gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.05}
    gradients = []
    for detach in (True, False):
        leaf = z.clone().requires_grad_()
        loss = asymmetric_loss(leaf, y, **shape, detach=detach)
        loss.backward()
        gradients.append(leaf.grad)
        torch.testing.assert_close(loss, asymmetric_loss(z, y, **shape))
    assert not torch.allclose(*gradients, rtol=0.1)


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_without_focus_it_is_torchs_cross_entropy(detach: bool, reduction: str) -> None:
    z, y = sample(spread=2.0)
    loss = asymmetric_loss(
        z, y, gamma_pos=0, gamma_neg=0, clip=0, unknown="negative", reduction=reduction, detach=detach
    )
    torch.testing.assert_close(loss, F.binary_cross_entropy_with_logits(z, (y == 1).float(), reduction=reduction))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 4.0])
@pytest.mark.parametrize("size", [-200.0, -30.0, 0.0, 30.0, 200.0])
def test_gradients_are_finite_with_and_without_detaching(gamma: float, size: float) -> None:
    """An exponent below 1 has an infinite gradient at an entry that is right already; it must not become NaN."""
    for detach in (True, False):
        z = torch.full((2, 2), size, requires_grad=True)
        y = torch.tensor([[1, -1], [0, 1]])
        asymmetric_loss(z, y, gamma_pos=gamma, gamma_neg=gamma, clip=0.05, detach=detach).backward()
        assert z.grad.isfinite().all()
        assert z.grad[1, 0] == 0


@pytest.mark.parametrize(
    ("recipe", "gammas", "eps", "scale"),
    [  # what the reference sheet's table of published variants says; scale of the loss for B images and C classes
        ("asl", (0, 4, 0.05), 1e-8, lambda b, c: 1),
        ("asl-class", (1, 4, 0.05), 1e-8, lambda b, c: 1),
        ("query2label", (0, 2, 0), 1e-5, lambda b, c: 1000 / (b * c)),
        ("dualcoop", (1, 2, 0.05), 1e-6, lambda b, c: 1),
        ("tai", (1, 2, 0.05), 1e-8, lambda b, c: 1 / b),
        ("hcp", (1, 2, 0.05), 1e-8, lambda b, c: 1 / (b * c)),
        ("mmpretrain", (0, 4, 0.05), 1e-8, lambda b, c: 1 / b),
    ],
)
def test_recipes_are_the_published_variants(recipe: str, gammas: tuple, eps: float, scale, data: Data) -> None:
    model = ASL(build(ASL.Config, ASL.recipes[recipe], owner="asl"), build_task(data.labels))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    loss = model.loss(Batch(data.features, data.labels, torch.arange(40)))["loss_asl"]
    logits = model.score(data.features).numpy()
    entries = reference_entries(logits, data.labels.numpy(), *gammas, eps=eps)
    assert loss.item() == pytest.approx(entries.sum() * scale(40, 5), rel=1e-3)
    assert model.config.detach == (recipe not in ("hcp", "mmpretrain"))


def test_eps_bounds_the_loss_of_a_hopeless_positive() -> None:
    z, y = torch.tensor([[-100.0]]), torch.tensor([[1]])
    for eps in (1e-5, 1e-8):
        loss = asymmetric_loss(z, y, gamma_pos=0, gamma_neg=4, clip=0.05, eps=eps)
        assert loss.item() == pytest.approx(-np.log(eps), rel=1e-5)
