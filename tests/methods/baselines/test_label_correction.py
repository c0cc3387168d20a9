"""SPLC and Large Loss: by hand, by formula, at ties, and with fewer unknown labels than may be doubted. BoostLU."""

import math

import numpy as np
import pytest
import torch
from helpers.toy_world import Data, build_task, hide
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from methods import METHODS, Batch
from methods.baselines.boostlu import boosted
from methods.baselines.large_loss import LargeLossRule, doubted_share
from methods.losses import binary_cross_entropy
from methods.losses.correction import count_of, large_loss, largest, splc_loss


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


def reference_large_loss(z: np.ndarray, y: np.ndarray, share: float, rule: str) -> float:
    """By sorting in plain Python."""
    p = 1 / (1 + np.exp(-z))
    unknown = [(-np.log(1 - p[i, j]), i, j) for i, j in np.ndindex(*y.shape) if y[i, j] == 0]
    k = min(math.ceil(share * y.size), len(unknown))
    doubted = {(i, j) for _, i, j in sorted(unknown, reverse=True)[:k]}
    total = 0.0
    for i, j in np.ndindex(*y.shape):
        if (i, j) in doubted:
            total += 0.0 if rule == "ll_r" else -np.log(p[i, j])
        else:
            total += -np.log(p[i, j]) if y[i, j] == 1 else -np.log(1 - p[i, j])
    return total / y.size


@pytest.mark.parametrize("rule", ["ll_r", "ll_ct"])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.1, 0.2, 1.0])
def test_large_loss_is_the_formula(rule: str, share: float) -> None:
    z, y = sample()
    loss, doubted = large_loss(z, y, share=share, correct=rule != "ll_r")
    expected = reference_large_loss(z.double().numpy(), y.numpy(), share, rule)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert doubted.sum() == min(math.ceil(share * 35), int((y == 0).sum()))


def test_large_loss_by_hand() -> None:
    z, y = torch.tensor([[0.0, np.log(3), -np.log(3), np.log(3)]]), torch.tensor([[0, 0, 1, -1]])
    rest = np.log(4) + np.log(4)  # the known positive at p = 1/4 and the known negative at p = 3/4
    plain, rejected, corrected = (
        large_loss(z, y, share=share, correct=correct)[0].item() * 4
        for share, correct in ((0.0, False), (0.25, False), (0.25, True))
    )
    assert plain == pytest.approx(rest + np.log(2) + np.log(4), rel=1e-5)
    assert rejected == pytest.approx(rest + np.log(2), rel=1e-5)
    assert corrected == pytest.approx(rest + np.log(2) + np.log(4 / 3), rel=1e-5)


def test_all_that_tie_at_the_threshold_are_doubted() -> None:
    """As with >= in both public repositories."""
    losses = torch.tensor([[3.0, 1.0, 2.0], [2.0, 2.0, 0.5]])
    among = torch.tensor([[True, True, True], [True, False, True]])
    assert largest(losses, among, 2).tolist() == [[True, False, True], [True, False, False]]
    assert not largest(losses, among, 0).any()


def test_known_labels_are_never_doubted() -> None:
    """With fewer unknown labels than k, and with none."""
    z, y = sample(spread=4.0)
    loss, doubted = large_loss(z, y, share=1.0, correct=True)
    assert torch.equal(doubted, y == 0)
    known = torch.where(y == 0, -1, y)
    loss, doubted = large_loss(z, known, share=0.5, correct=True)
    assert not doubted.any()
    torch.testing.assert_close(loss, binary_cross_entropy(z, known, reduction="mean"))


def test_without_doubt_large_loss_is_bce_with_assumed_negatives() -> None:
    z, y = sample()
    torch.testing.assert_close(
        large_loss(z, y, share=0.0, correct=True)[0], binary_cross_entropy(z, y, unknown="negative", reduction="mean")
    )


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.lists(
            st.tuples(
                st.one_of(st.sampled_from([-1e4, -30.0, 0.0, 30.0, 1e4]), st.floats(-40, 40, width=32)),
                st.sampled_from([-1, 0, 1]),
            ),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=4,
    ),
    share=st.floats(0, 1),
)
def test_nothing_overflows(rows: list, share: float) -> None:
    grid = torch.tensor(rows, dtype=torch.float64)
    for run in (
        lambda z, y: splc_loss(z, y, correct=True)[0],
        lambda z, y: large_loss(z, y, share=share, correct=False)[0],
        lambda z, y: large_loss(z, y, share=share, correct=True)[0],
    ):
        z = grid[..., 0].float().requires_grad_()
        loss = run(z, grid[..., 1].to(torch.int8))
        loss.backward()
        assert loss.isfinite()
        assert z.grad.isfinite().all()


def test_the_share_grows_by_delta_in_each_of_ten_epochs_and_scales_to_others() -> None:
    assert [doubted_share("ll_r", 0.5, epoch, 10) for epoch in range(4)] == pytest.approx([0, 0.005, 0.01, 0.015])
    assert [doubted_share("ll_cp", 0.1, epoch, 10) for epoch in range(4)] == pytest.approx([0, 0.001, 0.001, 0.001])
    for rule in ("ll_r", "ll_cp"):
        short, long = doubted_share(rule, 0.5, 5, 10), doubted_share(rule, 0.5, 10, 20)
        assert short == pytest.approx(long if rule == "ll_r" else 2 * long)
    assert doubted_share("ll_ct", 0.2, 0, 0) == 0


def test_counts_do_not_hang_on_the_last_bit() -> None:
    """0.07 * 100 is 7.000000000000001, of which the ceiling is 8."""
    assert count_of(0.07, 100) == 7
    assert count_of(0.0, 100) == 0
    assert count_of(0.0701, 100) == 8


def test_permanent_corrections_stay_and_temporary_ones_do_not() -> None:
    observed = torch.zeros(6, 5, dtype=torch.int8)
    observed[0] = -1
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    rows = torch.tensor([4, 0, 2])
    rule = LargeLossRule("ll_cp", delta=10.0, epochs=10, observed=observed)
    for epoch, flipped in enumerate([0, 2, 4, 6]):  # ceil(0.1 * 15) = 2 more each time
        rule.start_epoch(epoch)
        rule(logits, observed[rows], rows)
        assert rule.flipped.sum() == flipped
    assert not rule.flipped[[0, 1, 3, 5]].any(), "a known negative, and images that were not in the batch"
    expected = torch.where(rule.flipped[rows], 1, observed[rows])
    rule.start_epoch(0)
    torch.testing.assert_close(
        rule(logits, observed[rows], rows)[0], large_loss(logits, expected, share=0.0, correct=True)[0]
    )
    assert "flipped" in rule.state_dict()
    assert LargeLossRule("ll_ct", 10.0, 10, observed).flipped.numel() == 0


def test_boostlu_boosts_positive_activations_before_pooling(data: Data) -> None:
    maps = torch.tensor([[[1.0, -1.0], [-2.0, -3.0], [4.0, 0.0]]])
    assert boosted(maps, 5.0).tolist() == [[[5.0, -1.0], [-2.0, -3.0], [20.0, 0.0]]]
    boostlu = METHODS.get("boostlu")
    model = boostlu(boostlu.Config(), build_task(data.labels))
    with torch.no_grad():
        model.head.weight.normal_(generator=torch.Generator().manual_seed(0))
        model.head.bias.fill_(0.3)
    x = data.features.dense.double().numpy()
    x = x / np.linalg.norm(x, axis=-1, keepdims=True) * np.sqrt(x.shape[-1])
    activation = x @ model.head.weight.detach().double().numpy().T + 0.3
    expected = np.where(activation > 0, 5 * activation, activation).mean(axis=1)
    np.testing.assert_allclose(model.score(data.features).numpy(), expected, rtol=1e-4, atol=1e-4)
    training = model.train().logits(data.features).detach().numpy()
    np.testing.assert_allclose(training, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("ll", ["ll_r", "ll_ct", "ll_cp", "none"])
def test_boostlus_loss_is_that_of_its_rule(ll: str, data: Data) -> None:
    boostlu, observed, rows = METHODS.get("boostlu"), hide(data.labels), torch.arange(40)
    model = boostlu(boostlu.Config(ll=ll, delta=2.0, epochs=10), build_task(observed))
    with torch.no_grad():
        model.head.weight.normal_(std=0.1, generator=torch.Generator().manual_seed(0))
    model.start_epoch(5)
    loss = model.loss(Batch(data.features, observed, rows))["loss_boostlu"]
    logits = model.score(data.features)
    share = {"ll_r": 0.1, "ll_ct": 0.1, "ll_cp": 0.02, "none": 0.0}[ll]
    torch.testing.assert_close(loss, large_loss(logits, observed, share=share, correct=ll != "ll_r")[0])
