"""Co-occurrence, instance contrast and pseudo-labels: which pairs and entries count, against naive loops."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from methods.structure import cooccurrence
from methods.structure.cooccurrence import CoOccurrence, cooccurrence_loss, intra_scores, pair_labels
from methods.structure.instance_contrast import instance_contrast, pair_groups, subsampled
from methods.structure.pseudo_positives import fill_positives, margin


def draw(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


LABELS = torch.tensor([[1, 1, 0, -1], [1, 0, -1, -1], [-1, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, -1]], dtype=torch.int8)


@pytest.mark.parametrize(
    ("chunk", "keep", "block"), [(2**22, 2**28, 2**25), (1, 2**28, 2**25), (1, 0, 2**25), (1, 0, 2 * 3 * 7), (30, 0, 1)]
)
def test_cooccurrence_head(chunk: int, keep: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooccurrence, "PRODUCTS_AT_ONCE", chunk)
    monkeypatch.setattr(cooccurrence, "PRODUCTS_KEPT", keep)
    monkeypatch.setattr(cooccurrence, "BLOCK", block)
    torch.manual_seed(0)
    head, f = CoOccurrence(3, 4, 6, 7), draw(2, 3, 4)
    w2 = torch.cat([head.first.weight, head.second.weight], dim=1)  # over [a_i, a_j]
    actual = head(f)
    assert [len(rows) for rows in head.weight] == {2**25: [3], 42: [2, 1], 1: [1, 1, 1]}[block]
    weight = torch.cat(list(head.weight))

    def directed(image: int, i: int, j: int) -> torch.Tensor:
        pair = torch.cat([head.reduce(f[image, i]), head.reduce(f[image, j])])
        hidden = head.mix(F.relu(w2 @ pair + head.first.bias))
        return weight[i, j] @ hidden + head.bias[i, j]

    for image, i, j in itertools.product(range(2), range(3), range(3)):
        expected = (directed(image, i, j) + directed(image, j, i)) / 2
        torch.testing.assert_close(actual[image, i, j], expected)


def test_blocks_start_at_the_same_draws_and_give_equal_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = []
    for block in (2**25, 5 * 12 * 7):
        monkeypatch.setattr(cooccurrence, "BLOCK", block)
        torch.manual_seed(0)
        head = CoOccurrence(12, 4, 6, 7)
        (head(draw(2, 12, 4)) * draw(2, 12, 12, seed=1)).sum().backward()
        heads.append(head)
    whole, parts = heads
    assert (len(whole.weight), len(parts.weight)) == (1, 3)
    assert torch.equal(whole.weight[0], torch.cat(list(parts.weight)))
    assert torch.equal(whole.bias, parts.bias)
    torch.testing.assert_close(whole.weight[0].grad, torch.cat([rows.grad for rows in parts.weight]))
    for name in ("reduce", "first", "mix"):
        torch.testing.assert_close(getattr(whole, name).weight.grad, getattr(parts, name).weight.grad)


def test_pairs_are_together_where_both_are_known_positives_and_apart_everywhere_else() -> None:
    # i < j: (0,1) (0,2) (0,3) (1,2) (1,3) (2,3)
    expected = [[1, -1, -1, -1, -1, -1], [-1] * 6, [-1, -1, -1, 1, -1, -1], [-1] * 6, [1, 1, -1, 1, -1, -1]]
    assert pair_labels(LABELS).tolist() == expected


def test_cooccurrence_loss_is_a_mean_whose_focus_has_a_gradient() -> None:
    pairs = draw(5, 4, 4, seed=3).mul(2).requires_grad_()
    loss = cooccurrence_loss(pairs, LABELS)
    i, j = np.triu_indices(4, 1)
    z = pairs[:, i, j]
    p, q = torch.sigmoid(z), (torch.sigmoid(-z) + 0.05).clamp(max=1)
    expected = torch.where(pair_labels(LABELS) > 0, -(1 - p) * p.log(), -((1 - q) ** 2) * q.log()).mean()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, pairs), torch.autograd.grad(expected, pairs))


def test_intra_scores_are_means_over_the_other_known_positives() -> None:
    pairs = draw(5, 4, 4, seed=2)
    pairs = (pairs + pairs.mT) / 2
    actual, p = intra_scores(pairs, LABELS), torch.sigmoid(pairs)
    for image, c in itertools.product(range(5), range(4)):
        others = [j for j in range(4) if LABELS[image, j] == 1 and j != c]
        expected = sum(p[image, c, j] for j in others) / len(others) if others else torch.tensor(0.0)
        torch.testing.assert_close(actual[image, c], expected)


def naive_contrast(features: torch.Tensor, labels: torch.Tensor) -> float:
    """Sums over explicit pairs, with the drawn ones at their expectation."""
    together, mixed, negative = [], [], []
    for c in range(labels.shape[1]):
        for a, b in itertools.combinations(range(len(labels)), 2):
            cosine = F.cosine_similarity(features[a, c], features[b, c], dim=0).item()
            match sorted([int(labels[a, c]), int(labels[b, c])]):
                case [1, 1]:
                    together.append(1 - cosine)
                case [-1, 1]:
                    mixed.append(1 + cosine)
                case [-1, -1]:
                    negative.append(1 + cosine)
    total, count, p = sum(together), len(together), len(together)
    for group in (mixed, negative):
        if not p:
            total, count = total + sum(group), count + len(group)
        elif group:
            drawn, hardest = min(2 * p, len(group)), min(p, len(group))
            total += drawn * float(np.mean(group)) + sum(sorted(group)[-hardest:])
            count += drawn + hardest
    return total / max(count, 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 10**6))
def test_instance_contrast(images: int, classes: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 2, (images, classes), generator=generator)
    features = torch.randn(images, classes, 3, generator=generator)
    assert instance_contrast(features, labels).item() == pytest.approx(naive_contrast(features, labels), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), st.integers(0, 10))
def test_subsampling_bounds(size: int, positives: int) -> None:
    """At most three negatives of a kind for each positive pair; each counts at most twice; all without any positive."""
    losses = torch.rand(size, generator=torch.Generator().manual_seed(size))
    total, count = subsampled(losses, positives)
    assert count == (min(2 * positives, size) + min(positives, size) if positives else size)
    assert total <= 2 * losses.sum() + 1e-6
    if positives and size:
        assert total / count >= losses.mean() - 1e-6  # the hardest can only raise the mean


def test_the_expectation_is_that_of_the_published_draw() -> None:
    losses = torch.rand(20, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    drawn = [
        losses[torch.randperm(20, generator=generator)[:6]].sum() + losses.topk(3).values.sum() for _ in range(4000)
    ]
    total, count = subsampled(losses, 3)
    assert count == 9
    assert torch.stack(drawn).mean().item() == pytest.approx(total.item(), abs=0.03)


def test_pairs_of_images_fall_into_one_group_each_and_unknown_ones_into_none() -> None:
    groups = pair_groups(LABELS)
    counts = [[int(group[c].sum()) for c in range(4)] for group in groups]
    assert counts == [[3, 3, 1, 0], [3, 0, 2, 0], [0, 0, 0, 3]]
    assert sum(group.int() for group in groups).max() == 1


def test_pseudo_labels_fill_gaps_with_positives_alone() -> None:
    labels, chosen = torch.tensor([[1, -1, 0, 0]], dtype=torch.int8), torch.tensor([[False, True, True, False]])
    filled = fill_positives(labels, chosen)
    assert filled.tolist() == [[1, -1, 1, 0]]
    assert filled.dtype == torch.int8


def test_the_margin_is_the_published_one_over_20_epochs() -> None:
    published = [max(0.75, 0.95 - 0.025 * (epoch - 5)) for epoch in range(5, 20)]
    assert [margin(epoch, 20, 5, 0.95, 0.75) for epoch in range(5, 20)] == pytest.approx(published)
    assert margin(20, 40, 10, 0.95, 0.75) == pytest.approx(margin(10, 20, 5, 0.95, 0.75))
