"""Aggregation over positions: values by hand, and the linear value path of CLIP's attention pool."""

import math

import pytest
import torch
from torch import nn

from methods.layers.aggregation import cosine_map, spatial_softmax, with_mean_token


def test_cosines_ignore_length() -> None:
    tokens, text = torch.tensor([[[3.0, 0.0], [0.0, 2.0], [1.0, 1.0]]]), torch.tensor([[5.0, 0.0], [-1.0, -1.0]])
    half = math.sqrt(0.5)
    torch.testing.assert_close(cosine_map(tokens, text), torch.tensor([[[1, -half], [0, -half], [half, -1]]]))


def test_cosines_stay_exact_under_autocast() -> None:
    tokens, text = torch.randn(2, 9, 12), torch.randn(5, 12)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(cosine_map(tokens, text), cosine_map(tokens.float(), text))
        rough = cosine_map(tokens, text)
    assert torch.equal(rough, cosine_map(tokens, text))
    assert rough.dtype == torch.float32


def test_spatial_softmax_by_hand() -> None:
    """Weights 1/4 and 3/4 from a difference of log 3, the same weights for both maps."""
    guide = torch.tensor([[[0.0], [math.log(3)]]])
    one, other = spatial_softmax(guide, torch.tensor([[[4.0], [8.0]]]), torch.tensor([[[1.0], [-1.0]]]))
    assert one.item() == pytest.approx(7.0)
    assert other.item() == pytest.approx(-0.5)


def test_spatial_softmax_weighs_positions_for_each_class_on_its_own() -> None:
    guide = torch.zeros(1, 4, 2)
    guide[0, 2, 1] = 100.0
    values = torch.arange(8.0).view(1, 4, 2)
    torch.testing.assert_close(spatial_softmax(guide, values)[0], torch.tensor([[3.0, 5.0]]))


def test_cached_tokens_give_the_tokens_of_the_attention_pool() -> None:
    """proj([mean; x] + pos), as DualCoOp's clip/model.py runs it, from proj(x) and proj-without-bias(pos) alone."""
    torch.manual_seed(0)
    value, out = nn.Linear(20, 20), nn.Linear(20, 12)
    x, position = torch.randn(3, 9, 20), torch.randn(10, 20)
    official = out(value(torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + position))
    projected_position = position @ value.weight.T @ out.weight.T
    torch.testing.assert_close(with_mean_token(out(value(x)), projected_position), official)
