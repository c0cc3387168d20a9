"""SARB's blends: what they take, and how they mix features and soften targets."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from methods.baselines.sarb import blend, one_unknown, shown_by_other
from methods.losses import soft_binary_cross_entropy

BLENDED = torch.tensor([[0, 1, 0, -1], [0, 0, 1, 1], [1, -1, 0, 0]], dtype=torch.int8)


def test_instance_blends_take_what_the_image_at_the_other_end_shows() -> None:
    """The reverse of row 0 is row 2; the middle row meets itself."""
    expected = [[True, False, False, False], [False] * 4, [False, False, False, False]]
    assert shown_by_other(BLENDED).tolist() == expected


def test_blends_mix_features_and_soften_targets() -> None:
    f, other = torch.randn(3, 4, 2), torch.randn(3, 4, 2)
    chosen, share = shown_by_other(BLENDED), torch.tensor(0.7)
    mixed, targets = blend(f, BLENDED, other, chosen, share)
    torch.testing.assert_close(mixed[0, 0], 0.7 * f[0, 0] + 0.3 * other[0, 0])
    assert torch.equal(mixed[1:], f[1:])
    expected = BLENDED.float()
    expected[0, 0] = 0.3
    torch.testing.assert_close(targets, expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 10**6))
def test_prototypes_go_into_one_unknown_class_of_each_image_that_has_one(images: int, classes: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 2, (images, classes), generator=generator)
    allowed = torch.rand(classes, generator=generator) < 0.7
    chosen = one_unknown(labels, torch.rand(images, classes, generator=generator), allowed)
    assert not chosen[labels != 0].any()
    assert not chosen[:, ~allowed].any()
    assert torch.equal(chosen.sum(dim=1), ((labels == 0) & allowed).any(dim=1).long())


def test_soft_binary_cross_entropy() -> None:
    z = torch.tensor([[2.0, -1.0, 0.5, 30.0]], requires_grad=True)
    t = torch.tensor([[0.3, -1.0, 0.0, 1.0]], requires_grad=True)
    loss = soft_binary_cross_entropy(z, t)
    entries = F.binary_cross_entropy_with_logits(z, t.clamp(min=0), reduction="none")
    torch.testing.assert_close(loss, entries[0, [0, 1, 3]].mean())
    loss.backward()
    assert t.grad[0, 0].item() == pytest.approx(-2 / 3)  # the share is also learned through its target
    assert t.grad[0, 1:3].tolist() == [0, 0]
