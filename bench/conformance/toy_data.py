"""Toy data for methods: a real but tiny causal text tower, and synthetic images that can be learned.

All sizes differ (C = 5 classes, D = 12, W = 16, 9 positions), so that the length of an axis says what it counts.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple
from zlib import crc32

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from bench.backbones.base import TextEncoder, Tokens
from methods import Features, Method, Task

NAMES = ("cat", "traffic_light", "dog", "potted_plant", "sky")
GRID, DIM, TEXT_WIDTH, CONTEXT, TEXT_VOCABULARY = (3, 3), 12, 16, 32, 64


class ToyText(TextEncoder):
    """Two pre-norm transformer layers with random weights over hashed words; frozen."""

    width, dim, context = TEXT_WIDTH, DIM, CONTEXT
    tokens: Tensor
    positions: Tensor
    qkv: Tensor
    mlp: Tensor
    projection: Tensor

    def __init__(self, seed: int = 0):
        super().__init__()
        sizes = {
            "tokens": (TEXT_VOCABULARY, TEXT_WIDTH),
            "positions": (CONTEXT, TEXT_WIDTH),
            "qkv": (2, 3, TEXT_WIDTH, TEXT_WIDTH),
            "mlp": (2, 2, TEXT_WIDTH, TEXT_WIDTH),
            "projection": (TEXT_WIDTH, DIM),
        }
        generator = torch.Generator().manual_seed(seed)
        for name, size in sizes.items():
            weight = torch.randn(size, generator=generator) / (1 if name in ("tokens", "positions") else 4)
            setattr(self, name, nn.Parameter(weight, requires_grad=False))
        self.runs = 0  # batches that went through the tower

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        words = [[1, *(3 + crc32(w.encode()) % 61 for w in re.findall(r"\w+|[^\w\s]", text)), 2] for text in texts]
        longest = max(map(len, words))
        assert longest <= CONTEXT, "toy text is too long"
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in words])
        return Tokens(ids, torch.tensor([len(row) - 1 for row in words]))

    def embed(self, ids: Tensor) -> Tensor:
        return self.tokens[ids]

    def forward(self, embedded: Tensor, end: Tensor) -> Tensor:
        assert int(end.max()) < embedded.shape[1]
        return self._states(embedded)[torch.arange(len(embedded)), end]

    def sequence(self, embedded: Tensor) -> Tensor:
        return self._states(embedded)

    def _states(self, embedded: Tensor) -> Tensor:
        self.runs += 1
        length = embedded.shape[1]
        assert length <= CONTEXT
        x = embedded + self.positions[:length]
        for qkv, (widen, narrow) in zip(self.qkv, self.mlp, strict=True):
            q, k, v = (F.layer_norm(x, (TEXT_WIDTH,)) @ w for w in qkv)
            x = x + F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], is_causal=True)[:, 0]
            x = x + F.gelu(F.layer_norm(x, (TEXT_WIDTH,)) @ widen) @ narrow
        return F.layer_norm(x, (TEXT_WIDTH,)) @ self.projection


class Data(NamedTuple):
    """Features of N images and their full labels int8 (N, C)."""

    features: Features
    labels: Tensor


def draw_toy_data(count: int, seed: int, share: float = 0.35) -> Data:
    """Images with one token for each present class (`share` of all), in that class's direction, among noise."""
    world = torch.Generator().manual_seed(7)
    direction = F.normalize(torch.randn(len(NAMES), DIM, generator=world), dim=-1)
    common = torch.randn(DIM, generator=world) / 2
    generator = torch.Generator().manual_seed(seed)
    present = torch.rand(count, len(NAMES), generator=generator) < share
    dense = common + torch.randn(count, GRID[0] * GRID[1], DIM, generator=generator) / 6
    place = torch.rand(count, GRID[0] * GRID[1], generator=generator).argsort(dim=1)[:, : len(NAMES)]
    dense.scatter_add_(1, place[..., None].expand(-1, -1, DIM), 2 * present[..., None] * direction)
    return Data(Features(dense, dense.mean(dim=1)), torch.where(present, 1, -1).to(torch.int8))


def build_task(observed: Tensor, names: Sequence[str] = NAMES) -> Task:
    position = torch.randn(1 + GRID[0] * GRID[1], DIM, generator=torch.Generator().manual_seed(3)) / 10
    return Task(tuple(names), GRID, DIM, 12.0, position, ToyText(), observed)


def total(losses: dict[str, Tensor]) -> Tensor:
    """What MMEngine minimises."""
    return sum((value for name, value in losses.items() if "loss" in name), torch.zeros(()))


def hide(labels: Tensor, share: float = 0.5) -> Tensor:
    """Labels with about `share` of them unknown; drawn apart from `draw_toy_data`, or it would hide the positives."""
    return torch.where(torch.rand(labels.shape, generator=torch.Generator().manual_seed(99)) < share, 0, labels)


def fit(
    model: Method,
    data: Data,
    epochs: int,
    lr: float = 1e-2,
    optimizer: type[Optimizer] = torch.optim.Adam,
    watch: Callable[[Tensor], None] = lambda loss: None,
) -> Method:
    """Train on `data`, whose labels are the observed ones, in batches of 20; `watch` sees each loss after backward.

    A method that is not trained stays as it is.
    """
    if not model.config.epochs:
        return model
    model.train()
    stepper = optimizer([p for p in model.parameters() if p.requires_grad], lr=lr)  # type: ignore[call-arg]
    for epoch in range(epochs):
        model.start_epoch(epoch)
        for index in torch.arange(len(data.labels), device=data.labels.device).split(20):
            batch = Features(data.features.dense[index], data.features.pooled[index])
            loss = total(model(batch, data.labels[index], index, mode="loss"))
            stepper.zero_grad()
            loss.backward()
            watch(loss.detach())
            stepper.step()
    model.finish()
    return model
