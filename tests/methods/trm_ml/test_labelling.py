"""Pseudo-labels: of unknown entries alone, and monotone in the evidence."""

import pytest
import torch

from methods.trm_ml.labelling import pseudo_labels

B, C = 50, 4


def scenario(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 2, (B, C), generator=generator).to(torch.int8)
    upper = torch.rand(C, generator=generator)
    return torch.randn(B, C, generator=generator), labels, upper, upper - torch.rand(C, generator=generator)


@pytest.mark.parametrize("seed", range(3))
def test_touch_unknown_entries_only(seed: int) -> None:
    evidence, labels, upper, lower = scenario(seed)
    pseudo = pseudo_labels(evidence, labels, upper, lower)
    assert pseudo.dtype == torch.int8
    assert (pseudo[labels != 0] == 0).all()
    assert pseudo[labels == 0].unique().tolist() == [-1, 0, 1]


@pytest.mark.parametrize("seed", range(3))
def test_monotone_in_the_evidence(seed: int) -> None:
    evidence, labels, upper, lower = scenario(seed)
    more = evidence + torch.rand(B, C)
    assert (pseudo_labels(more, labels, upper, lower) >= pseudo_labels(evidence, labels, upper, lower)).all()


def test_infinite_thresholds_decide_nothing() -> None:
    evidence, labels, *_ = scenario(0)
    assert (pseudo_labels(evidence, labels, float("inf"), float("-inf")) == 0).all()


def test_value() -> None:
    evidence = torch.tensor([[0.95, -0.95, 0.5, 0.95, -0.95]])
    labels = torch.tensor([[0, 0, 0, -1, 1]], dtype=torch.int8)
    assert pseudo_labels(evidence, labels, 0.9, -0.9).tolist() == [[1, -1, 0, 0, 0]]
