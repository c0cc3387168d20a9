"""Classification heads on frozen features, for methods that do not use the text tower.

Each has a `bias` (C,), which starts at zero unless `bias_init` says otherwise.

All read features at unit length, as CLIP compares them, times sqrt(D). On the embedded data, standardising them by
training statistics helped a linear head with many labels and hurt it with few, so no statistics are kept.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.layers.aggregation import spatial_softmax, spatial_weights


def unit(features: Tensor) -> Tensor:
    """Features (..., D) at length sqrt(D): each dimension is of size 1, so learning rates do not depend on D."""
    return F.normalize(features.float(), dim=-1) * math.sqrt(features.shape[-1])


class LinearHead(nn.Module):
    """Logits (B, C) of vectors x (B, D): w_c . unit(x) + b_c, starting at zero."""

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_classes, dim))
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, vectors: Tensor) -> Tensor:
        return F.linear(unit(vectors), self.weight, self.bias)


class MLPHead(nn.Module):
    """Logits (B, C) of vectors x (B, D): W2 relu(W1 unit(x) + b1) + b2 with `hidden` units; W2 and b2 start at zero."""

    def __init__(self, dim: int, num_classes: int, hidden: int):
        super().__init__()
        self.inner = nn.Linear(dim, hidden)
        self.outer = nn.Linear(hidden, num_classes)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    @property
    def bias(self) -> nn.Parameter:
        return self.outer.bias

    def forward(self, vectors: Tensor) -> Tensor:
        logits: Tensor = self.outer(F.relu(self.inner(unit(vectors))))
        return logits


class ClassAttentionHead(nn.Module):
    """Logits (B, C) of tokens x (B, T, D): b_c + sum_t softmax_t(q_c . unit(x_t)) w_c . unit(x_t).

    All start at zero: mean pooling first, then each class learns where to look.
    """

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.query = nn.Parameter(torch.zeros(num_classes, dim))
        self.weight = nn.Parameter(torch.zeros(num_classes, dim))
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = unit(tokens)
        (pooled,) = spatial_softmax(F.linear(tokens, self.query), F.linear(tokens, self.weight))
        return pooled + self.bias

    def attention(self, tokens: Tensor) -> Tensor:
        """softmax_t(q_c . unit(x_t)): (B, C, T)."""
        return spatial_weights(F.linear(unit(tokens), self.query))


class ClassMapHead(nn.Module):
    """Class maps (B, T, C) of tokens x (B, T, D): w_c . unit(x_t) + b_c, a 1x1 convolution, starting at zero.

    Their mean over T is what `LinearHead` says of mean-pooled tokens; what a method does with them before is its own.
    """

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_classes, dim))
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, tokens: Tensor) -> Tensor:
        return F.linear(unit(tokens), self.weight, self.bias)
