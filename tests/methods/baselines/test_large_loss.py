"""Large Loss: by hand, by formula, at ties, and with fewer unknown labels than may be doubted."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from methods.baselines.large_loss import LargeLossRule, doubted_share
from methods.losses import binary_cross_entropy
from methods.losses.correction import count_of, large_loss, largest, splc_loss


def sample(seed: int = 0, size: tuple[int, int] = (7, 5), spread: float = 2.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 2, size, generator=generator).to(torch.int8)
    return spread * torch.randn(size, generator=generator), labels


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
