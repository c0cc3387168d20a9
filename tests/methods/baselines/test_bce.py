"""Cross-entropies with assumed, smoothed, weak and no negatives, and EPR's penalty: by hand and against torch."""

import numpy as np
import pytest
import torch
from helpers.method_losses import loss_of
from helpers.toy_world import Data, build_task, draw_toy_data, hide
from torch.nn import functional as F

from methods import METHODS, Batch, Method
from methods.losses import binary_cross_entropy
from methods.losses.expected_positives import positives_per_image

Z = torch.tensor([[0.0, np.log(3), -np.log(3)], [2.0, -1.0, 0.5]])
Y = torch.tensor([[1, -1, 0], [0, 0, -1]], dtype=torch.int8)


def chances() -> np.ndarray:
    return 1 / (1 + np.exp(-Z.double().numpy()))


def test_assume_negative_is_torchs_mean_with_all_else_negative(data: Data) -> None:
    loss, p, y = loss_of("bce_an", data)
    expected = F.binary_cross_entropy(torch.from_numpy(p), torch.from_numpy((y == 1).astype(np.float64)))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("name", ["bce_an", "label_smoothing", "wan", "epr"])
def test_the_papers_recipe_guards_the_logarithm_as_roles_code_does(name: str) -> None:
    method = METHODS.get(name)
    assert method.recipes["paper"] == {"log_guard": 1e-5}
    config = method.Config(head="linear", **method.recipes["paper"])
    model = method(config, build_task(torch.ones(1, 5, dtype=torch.int8)))
    logits = torch.full((1, 5), -30.0, requires_grad=True)
    batch = Batch(draw_toy_data(1, seed=0).features, torch.ones(1, 5, dtype=torch.int8), torch.arange(1))
    model.objective(logits, batch).backward()
    assert logits.grad.abs().max() < 1e-7  # of -log p it is 1/5


def test_ignore_unknown_is_torchs_mean_over_what_is_known(data: Data) -> None:
    loss, p, y = loss_of("bce_iu", data)
    known = y != 0
    expected = F.binary_cross_entropy(torch.from_numpy(p[known]), torch.from_numpy((y[known] == 1).astype(np.float64)))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_smoothing_is_torchs_with_targets_of_a_tenth_and_nine_tenths(data: Data) -> None:
    loss, p, y = loss_of("label_smoothing", data)
    target = torch.from_numpy(np.where(y == 1, 0.9, 0.1))
    assert loss.item() == pytest.approx(F.binary_cross_entropy(torch.from_numpy(p), target).item(), rel=1e-5)


def test_smoothing_is_mmpretrains_multi_label_smoothing() -> None:
    """Theirs with epsilon maps y to (1 - 2 eps) y + eps."""
    try:
        from mmpretrain.models.losses import LabelSmoothLoss
    except ImportError as error:
        pytest.skip(f"mmpretrain's losses cannot be imported here: {error}")
    theirs = LabelSmoothLoss(label_smooth_val=0.1, num_classes=3, mode="multi_label", reduction="sum")
    ours = binary_cross_entropy(Z, Y, smoothing=0.1, unknown="negative", reduction="sum")
    torch.testing.assert_close(ours, theirs(Z, (Y == 1).float()))


@pytest.mark.parametrize(("given", "weight"), [(0.0, 1 / 4), (0.5, 0.5)])
def test_weak_negatives_count_a_fraction(given: float, weight: float, data: Data) -> None:
    loss, p, y = loss_of("wan", data, negative_weight=given)
    expected = np.where(y == 1, -np.log(p), -weight * np.log(1 - p)).mean()
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_a_class_alone_has_negatives_of_weight_one(data: Data) -> None:
    """1 / (C - 1) has no value there."""
    task = build_task(data.labels[:, :1], names=["cat"])
    method = METHODS.get("wan")
    batch = Batch(data.features, data.labels[:, :1], torch.arange(40))
    assert method(method.Config(), task).loss(batch)["loss_wan"].item() == pytest.approx(np.log(2))


def test_epr_by_hand(data: Data) -> None:
    """Known entries' cross-entropy over B C, and the squared distance of the mean number of positives over C^2."""
    loss, p, y = loss_of("epr", data, expected_positives=1.5, weight=2.0)
    known = np.where(y == 1, -np.log(p), np.where(y == -1, -np.log(1 - p), 0)).mean()
    assert loss.item() == pytest.approx(known + 2 * ((p.sum(axis=1).mean() - 1.5) / 5) ** 2, rel=1e-5)


def test_epr_estimates_its_constant_from_observed_labels_only(data: Data) -> None:
    method, observed = METHODS.get("epr"), hide(data.labels)
    model = method(method.Config(), build_task(observed))
    assert model.expected == positives_per_image(observed) != positives_per_image(data.labels)
    assert method(method.Config(expected_positives=2.9), build_task(observed)).expected == 2.9


def test_epr_runs_with_one_positive_an_image_and_takes_that_for_the_count(data: Data) -> None:
    single = torch.zeros_like(data.labels)
    rows = (data.labels == 1).any(dim=1).nonzero().flatten()
    single[rows, (data.labels[rows] == 1).int().argmax(dim=1)] = 1
    model: Method = METHODS.get("epr")(METHODS.get("epr").Config(), build_task(single))
    assert model.expected == pytest.approx(1)
