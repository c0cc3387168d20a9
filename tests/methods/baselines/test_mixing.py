"""LogicMix and MixUp-PME: labels of mixtures by hand and by formula, features, losses."""

import itertools

import numpy as np
import pytest
import torch
from helpers.loss_formulas import asymmetric, entry
from helpers.toy_world import Data, build_task, fit, hide

from methods import METHODS, Batch, Features
from methods.baselines.logicmix import dual_asymmetric_loss
from methods.baselines.mixup_pme import mixed_targets
from methods.layers.mixing import any_of_labels, mix_features

LogicMix, MixUp = METHODS.get("logicmix"), METHODS.get("mixup_pme")
ROWS = torch.arange(40)


def three_valued_or(values: tuple[int, ...]) -> int:
    return 1 if 1 in values else -1 if set(values) == {-1} else 0


@pytest.mark.parametrize("values", list(itertools.product((-1, 0, 1), repeat=3)), ids=str)
def test_labels_of_a_mixture_are_an_or_of_three_values(values: tuple[int, ...]) -> None:
    labels, partners = torch.tensor(values)[:, None], torch.tensor([[0, 1, 2]])
    assert any_of_labels(labels, partners, torch.tensor([[True, True, True]])).item() == three_valued_or(values)
    assert any_of_labels(labels, partners, torch.tensor([[True, True, False]])).item() == three_valued_or(values[:2])


def test_mixed_features_are_weighted_sums() -> None:
    features = Features(torch.randn(4, 3, 2), torch.randn(4, 2))
    mixed = mix_features(features, torch.tensor([[0, 3], [2, 2]]), torch.tensor([[0.25, 0.75], [0.5, 0.5]]))
    for part, whole in zip(mixed, features, strict=True):
        torch.testing.assert_close(part, torch.stack([0.25 * whole[0] + 0.75 * whole[3], whole[2]]))


def test_dual_loss_is_the_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    z = 3 * torch.randn(8, 5, generator=generator)
    y = torch.randint(-1, 2, (8, 5), generator=generator)
    mixed, e = torch.arange(8) % 2 == 0, entry(z, y)
    kinds = np.where(mixed[:, None], asymmetric(e, 4, 0, 0, 1e-8), asymmetric(e, 0, 4, 0.05, 1e-8))
    assert dual_asymmetric_loss(z, y, mixed).item() == pytest.approx((kinds * e.known).sum(), rel=1e-5)
    plain = (asymmetric(e, 0, 4, 0.05, 1e-8) * e.known).sum()
    assert dual_asymmetric_loss(z, y, mixed, reversed_focus=False).item() == pytest.approx(plain, rel=1e-5)


def test_mixtures_are_of_two_or_three_images_and_as_often_as_said() -> None:
    labels = torch.zeros(600, 5, dtype=torch.int8)
    model = LogicMix(LogicMix.Config(chance=0.3), build_task(labels))
    identity = Features(torch.zeros(600, 0, 1), torch.eye(600))
    torch.manual_seed(0)
    features, _, mixed = model.mixtures(identity, labels)
    share = features.pooled.diagonal()
    assert 0.24 < mixed.float().mean() < 0.36
    assert (share[~mixed] == 1).all()
    torch.testing.assert_close(features.pooled.sum(dim=1), torch.ones(600))
    parts = (features.pooled[mixed] > 0).sum(dim=1)
    assert set(parts.tolist()) <= {1, 2, 3}  # 1: its partners may be itself
    assert {2, 3} <= set(parts.tolist())
    assert min(abs(parts.float().mean().item() - 2.5), 1) < 0.15, "two as often as three"


def test_sure_guesses_become_labels_after_a_third(data: Data) -> None:
    observed = hide(data.labels)
    model = LogicMix(LogicMix.Config(epochs=6, threshold=0.2), build_task(observed))
    fit(model, data._replace(labels=observed), 2)
    assert not model.pseudo.added.any()
    model.start_epoch(2)
    added, guesses = model.pseudo.added, model.pseudo.guesses
    assert added.any()
    expected = torch.where((observed == 0) & (guesses.abs() >= 0.2), guesses.sign(), 0)
    assert torch.equal(added, expected.to(torch.int8))


def test_targets_of_mixup_by_hand() -> None:
    labels = torch.tensor([[1, -1, 0, 1], [-1, 0, 1, 1]])
    targets = mixed_targets(labels, torch.tensor([1, 1]), torch.tensor([0.8, 0.9]))
    np.testing.assert_allclose(targets[0], [0.8, 0.1, np.nan, 1.0], rtol=1e-6)
    np.testing.assert_allclose(targets[1], [0.0, np.nan, 1.0, 1.0], rtol=1e-6)


def test_without_mixing_it_is_binary_cross_entropy_over_known_labels(data: Data) -> None:
    labels = hide(data.labels)
    model = MixUp(MixUp.Config(alpha=1.0), build_task(labels))
    with torch.no_grad():
        model.head.weight.normal_()
    e = entry(model.score(data.features), labels)
    expected = (np.where(e.positive, e.yes, e.no) * e.known).sum() / e.known.sum()
    assert model.loss(Batch(data.features, labels, ROWS))["loss_mixup_pme"].item() == pytest.approx(expected, rel=1e-5)


def test_mixup_of_two_images_is_the_formula() -> None:
    """All partners of two equal images are alike, and so is any share."""
    data = torch.randn(1, 9, 12).expand(2, -1, -1)
    labels = torch.tensor([[1, -1, 0, 1, -1], [1, -1, 0, 1, -1]], dtype=torch.int8)
    model = MixUp(MixUp.Config(alpha=0.2), build_task(labels))
    with torch.no_grad():
        model.head.weight.normal_()
    features = Features(data, data.mean(dim=1))
    e = entry(model.score(features), labels)
    expected = (np.where(e.positive, e.yes, e.no) * e.known).sum() / e.known.sum()
    loss = model.loss(Batch(features, labels, torch.arange(2)))["loss_mixup_pme"].item()
    assert loss == pytest.approx(expected, rel=1e-4)
