"""Transformer layers against naive loops over images, heads, queries and positions."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.layers.attention import CrossAttention, DecoderLayer, EncoderLayer, SelfAttention

B, Q, HW, D, HEADS = 2, 3, 7, 8, 2


def draw(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def randomised(module: nn.Module) -> nn.Module:
    """Biases start at zero, which would hide that they are forgotten."""
    for seed, parameter in enumerate(module.parameters()):
        parameter.data = draw(*parameter.shape, seed=100 + seed) / 2
    return module.eval()


def affine(linear: nn.Linear, x: np.ndarray) -> np.ndarray:
    out = x @ linear.weight.detach().numpy().T
    return out if linear.bias is None else out + linear.bias.detach().numpy()


def naive_attention(part: nn.Module, asking: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """One image: asking (Q, D), keys and values (L, D)."""
    q, k, v = affine(part.query, asking), affine(part.key, keys), affine(part.value, values)
    out, size = np.zeros_like(q), D // HEADS
    for head in range(HEADS):
        own = slice(head * size, (head + 1) * size)
        for i in range(len(q)):
            logits = np.array([q[i, own] @ k[t, own] / math.sqrt(size) for t in range(len(k))])
            weights = np.exp(logits - logits.max())
            out[i, own] = sum(w / weights.sum() * v[t, own] for t, w in enumerate(weights))
    return affine(part.out, out)


@pytest.mark.parametrize("own_queries", [False, True])
def test_cross_attention(own_queries: bool) -> None:
    part = randomised(CrossAttention(D, HEADS, 0.1, "xavier"))
    queries = draw(B, Q, D) if own_queries else draw(Q, D)
    tokens, position = draw(B, HW, D, seed=1), draw(HW, D, seed=2)
    actual, _ = part(queries, tokens, position)
    for image in range(B):
        asking = (queries[image] if own_queries else queries).numpy()
        expected = naive_attention(part, asking, (tokens[image] + position).numpy(), tokens[image].numpy())
        np.testing.assert_allclose(actual[image].detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_self_attention_places_queries_and_keys_but_not_values() -> None:
    part = randomised(SelfAttention(D, HEADS, 0.1))
    x, position = draw(B, HW, D), draw(HW, D, seed=2)
    for image in range(B):
        placed = (x[image] + position).numpy()
        expected = naive_attention(part, placed, placed, x[image].numpy())
        np.testing.assert_allclose(part(x, position)[image].detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def feed(layer: nn.Module, z: Tensor) -> Tensor:
    widen, narrow = layer.feed_forward[0], layer.feed_forward[3]
    return layer.norm_feed_forward(z + narrow(F.relu(widen(z))))


def test_encoder_layer() -> None:
    layer = randomised(EncoderLayer(D, HEADS, 16, 0.1))
    x, position = draw(B, HW, D), draw(HW, D, seed=2)
    z = layer.norm_attention(x + layer.attention(x, position))
    torch.testing.assert_close(layer(x, position), feed(layer, z))


@pytest.mark.parametrize(("state", "queries"), [(False, True), (True, True), (True, False)])
def test_decoder_layer(state: bool, queries: bool) -> None:
    """Queries ask but do not enter the state; a state of None is zero, and so are queries of None."""
    layer = randomised(DecoderLayer(D, HEADS, 16, 0.1))
    tokens, position = draw(B, HW, D, seed=1), draw(HW, D, seed=2)
    x, q = draw(B, Q, D, seed=3) if state else torch.zeros(B, Q, D), draw(Q, D) if queries else torch.zeros(Q, D)
    z = layer.norm_attention(x + layer.attention(x + q, tokens, position)[0])
    actual, _ = layer(x if state else None, q if queries else None, tokens, position)
    torch.testing.assert_close(actual, feed(layer, z))
