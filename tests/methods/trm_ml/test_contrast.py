"""Contrast: lowest for aligned pairs, indifferent to order, finite in every batch."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from methods.trm_ml.contrast import contrastive_loss, gather_elements

B, C, D, TAU = 5, 4, 8, 0.2


def unit(*size: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*size, generator=torch.Generator().manual_seed(seed)), dim=-1)


Pair = tuple[torch.Tensor, torch.Tensor]


def a_batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, Pair]:
    """Features, labels, texts, and visual elements of three classes."""
    labels = torch.randint(-1, 2, (B, C), generator=torch.Generator().manual_seed(seed)).to(torch.int8)
    return unit(B, C, D, seed=seed), labels, unit(C, D, seed=1), (unit(4, D, seed=2), torch.tensor([0, 1, 3, 3]))


def naive(
    elements: np.ndarray, classes: np.ndarray, temperature: float, weight: float = 1.0, margin: float = -1.0
) -> float:
    """The definition, in loops and double precision."""
    terms = []
    for i, anchor in enumerate(elements):
        others = [a for a in range(len(elements)) if a != i]
        partners = [p for p in others if classes[p] == classes[i]]
        if not partners:
            continue
        counted = [1 if classes[a] == classes[i] else weight * (anchor @ elements[a] > margin) for a in others]
        total = sum(w * math.exp(anchor @ elements[a] / temperature) for w, a in zip(counted, others, strict=True))
        shares = [math.log(math.exp(anchor @ elements[p] / temperature) / total) for p in partners]
        terms.append(-sum(shares) / len(partners))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize("seed", range(3))
def test_value_against_loops(seed: int) -> None:
    elements, classes = gather_elements(*a_batch(seed))
    expected = naive(elements.double().numpy(), classes.numpy(), TAU)
    assert contrastive_loss(elements, classes, TAU).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("weight", "margin"), [(0.3, -1.0), (1.0, 0.1), (0.3, 0.1), (0.0, -1.0), (1.0, 1.0)])
def test_other_classes_are_pushed_moderately(weight: float, margin: float) -> None:
    """By a weight in the denominator, and only those that are more alike than the margin."""
    elements, classes = gather_elements(*a_batch())
    elements.requires_grad_()
    actual = contrastive_loss(elements, classes, TAU, negative_weight=weight, margin=margin)
    expected = naive(elements.detach().double().numpy(), classes.numpy(), TAU, weight, margin)
    assert actual.item() == pytest.approx(expected, rel=1e-5)
    assert actual < contrastive_loss(elements, classes, TAU)
    actual.backward()
    assert elements.grad.isfinite().all()


def test_the_set_holds_features_of_positives_the_memory_and_all_texts() -> None:
    regions, labels, text, (prototypes, of) = a_batch()
    elements, classes = gather_elements(regions, labels, text, (prototypes, of))
    expected = [(regions[i, c], c) for i in range(B) for c in range(C) if labels[i, c] == 1]
    expected += [(text[c], c) for c in range(C)] + [(prototypes[k], int(of[k])) for k in range(4)]
    assert classes.tolist() == [c for _, c in expected]
    assert torch.equal(elements, torch.stack([element for element, _ in expected]))


def test_lowest_for_aligned_pairs() -> None:
    directions = torch.eye(C, D)
    classes = torch.arange(C).repeat(4)
    aligned = directions[classes]
    best = contrastive_loss(aligned, classes, TAU)
    for seed in range(5):
        disturbed = F.normalize(
            aligned + 0.3 * torch.randn(aligned.shape, generator=torch.Generator().manual_seed(seed)), dim=-1
        )
        assert contrastive_loss(disturbed, classes, TAU) > best
    assert contrastive_loss(aligned, classes.flip(0), TAU) == best  # another naming of the same clouds
    shuffled = torch.arange(C).repeat_interleave(4)
    assert contrastive_loss(aligned, shuffled, TAU) > best + 1


def test_descent_aligns_both_modalities() -> None:
    labels = torch.ones(B, C, dtype=torch.int8)
    raw = torch.randn(B + 1, C, D, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for _ in range(100):
        z = F.normalize(raw, dim=-1)
        loss = contrastive_loss(*gather_elements(z[:B], labels, z[B]), TAU)
        raw.data -= 1.0 * torch.autograd.grad(loss, raw)[0]
    z = F.normalize(raw, dim=-1)
    similarity = torch.einsum("bcd,kd->bck", z[:B], z[B])
    assert (similarity.argmax(dim=-1) == torch.arange(C)).all()


def test_order_of_images_does_not_matter() -> None:
    regions, labels, text, visual = a_batch()
    order = torch.randperm(B)
    one = contrastive_loss(*gather_elements(regions, labels, text, visual), TAU)
    other = contrastive_loss(*gather_elements(regions[order], labels[order], text, visual), TAU)
    torch.testing.assert_close(one, other)


def test_order_of_classes_does_not_matter() -> None:
    regions, labels, text, (visual, of) = a_batch()
    p = torch.randperm(C)
    one = contrastive_loss(*gather_elements(regions, labels, text, (visual, of)), TAU)
    renamed = (visual, p.argsort()[of])
    other = contrastive_loss(*gather_elements(regions[:, p], labels[:, p], text[p], renamed), TAU)
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("with_prototypes", [False, True])
def test_finite_with_gradient_when_nothing_is_positive(with_prototypes: bool) -> None:
    regions, labels, text, visual = a_batch()
    regions, text = regions.requires_grad_(), text.requires_grad_()
    loss = contrastive_loss(
        *gather_elements(regions, -labels.abs(), text, visual if with_prototypes else None), TAU, margin=0.9
    )
    loss.backward()
    assert loss.isfinite()
    assert text.grad is not None
    assert text.grad.isfinite().all()
    if not with_prototypes:
        assert loss == 0
