"""Thresholds: what known labels show, class by class, and caution where they show little."""

import itertools

import numpy as np
import pytest
import torch

from methods.trm_ml.thresholds import (
    FEWEST_KNOWN,
    LABELS_HELD,
    Thresholds,
    estimate_thresholds,
    precise_threshold,
    remember,
)

INF, NAN = float("inf"), float("nan")


def column(*values: float, size: int = 40) -> torch.Tensor:
    """A memory of one class."""
    return torch.tensor([*values, *[NAN] * (size - len(values))])[:, None]


def estimate(positives: torch.Tensor, negatives: torch.Tensor, prior: float = 0.5) -> tuple[float, float]:
    upper, lower = estimate_thresholds(positives, negatives, torch.tensor([prior]), 0.9, 0.1, least=4)
    return upper.item(), lower.item()


def test_memory_keeps_the_newest_known_values() -> None:
    memory, room = torch.full((3, 2), NAN), torch.tensor([3, 2])
    chosen = torch.tensor([[True, True], [True, False], [False, True]])
    memory = remember(memory, torch.tensor([[1.0, 2], [3, 4], [5, 6]]), chosen, room)
    assert memory.nan_to_num(nan=-1).tolist() == [[1, 2], [3, 6], [-1, -1]]
    memory = remember(memory, torch.tensor([[7.0, 8]]), torch.tensor([[True, True]]), room)
    assert memory.nan_to_num(nan=-1).tolist() == [[7, 8], [1, 2], [3, -1]]


def test_memory_never_holds_an_unknown_value() -> None:
    thresholds = Thresholds(torch.tensor([[1, -1, 0]] * 9, dtype=torch.int8), precision=0.8, miss=0.02)
    labels = torch.tensor([[1, -1, 0], [0, 0, 0]], dtype=torch.int8)
    thresholds.remember(torch.tensor([[0.1, 0.2, 0.3], [7.0, 7.0, 7.0]]), labels)
    assert thresholds.positives.isfinite().sum(dim=0).tolist() == [1, 0, 0]
    assert thresholds.negatives.isfinite().sum(dim=0).tolist() == [0, 1, 0]
    assert thresholds.positives[0, 0] == torch.tensor(0.1)


def test_memory_has_room_for_one_epoch() -> None:
    observed = torch.tensor([[1, -1]] * 6, dtype=torch.int8)
    thresholds = Thresholds(observed, precision=0.8, miss=0.02)
    for _ in range(4):
        thresholds.remember(torch.randn(6, 2), observed)
    assert thresholds.positives.isfinite().sum(dim=0).tolist() == [6, 0]
    assert thresholds.positives.shape == (LABELS_HELD, 2)


@pytest.mark.parametrize("seed", range(4))
def test_precision_against_loops(seed: int) -> None:
    draw = np.random.default_rng(seed)
    positives, negatives = draw.normal(1, 1, 30), draw.normal(-1, 1, 35)
    prior, wanted = 0.2, 0.8
    reached = []
    for t in np.sort(positives):
        right = prior * (positives >= t).mean()
        wrong = (1 - prior) * ((negatives >= t).sum() + 0.5) / (len(negatives) + 1)
        reached += [t] if right >= wanted * (right + wrong) else []
    actual = precise_threshold(
        column(*positives).float(), column(*negatives).float(), torch.tensor([prior]), wanted
    ).item()
    assert actual == pytest.approx(min(reached, default=INF), rel=1e-5)


def test_more_precision_asks_for_more_evidence() -> None:
    generator = torch.Generator().manual_seed(0)
    positives, negatives = (torch.randn(200, 5, generator=generator) + shift for shift in (1, -1))
    prior = torch.full((5,), 0.3)
    levels = [precise_threshold(positives, negatives, prior, precision) for precision in (0.5, 0.7, 0.9, 0.99)]
    assert all((higher >= lower).all() for lower, higher in itertools.pairwise(levels))


def test_overlapping_classes_leave_the_middle_unknown() -> None:
    positives, negatives = torch.linspace(-0.2, 1, 40)[:, None], torch.linspace(-1, 0.2, 40)[:, None]
    upper, lower = estimate(positives, negatives)
    assert 0.1 < upper < 0.3
    assert lower == pytest.approx(-0.08, abs=0.01)


def test_separated_classes_leave_the_gap_unknown() -> None:
    positives, negatives = torch.linspace(1, 2, 40)[:, None], torch.linspace(-2, -1, 40)[:, None]
    upper, lower = estimate(positives, negatives)
    assert upper > lower
    assert lower == pytest.approx(1.0)
    assert upper == pytest.approx(1.1)


def test_without_known_negatives_the_median_positive_decides() -> None:
    upper, lower = estimate(column(*range(1, 12)), column(), prior=1.0)
    assert (upper, lower) == (6.0, 2.0)


def test_without_known_positives_nothing_is_called_positive() -> None:
    upper, lower = estimate(column(), column(*range(1, 12)), prior=0.0)
    assert (upper, lower) == (INF, 6.0)


def test_without_evidence_nothing_is_called_anything() -> None:
    assert estimate(column(), column()) == (INF, -INF)
    few = column(*range(FEWEST_KNOWN - 1))
    assert estimate(few, few) == (INF, -INF)


def test_every_mix_of_classes_at_once() -> None:
    full, empty = torch.linspace(-1, 1, 40)[:, None], column()
    positives, negatives = (
        torch.cat([full, full, empty, empty], dim=1),
        torch.cat([full - 1, empty, full, empty], dim=1),
    )
    upper, lower = estimate_thresholds(positives, negatives, torch.tensor([0.5, 1, 0, 0]), 0.9, 0.05, least=4)
    assert (upper >= lower).all()
    assert upper.isfinite().tolist() == [True, True, False, False]
    assert lower.isfinite().tolist() == [True, True, True, False]
