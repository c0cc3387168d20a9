"""Classification heads on frozen features, for methods that do not use the text tower.

Both read features at unit length, as CLIP compares them, times sqrt(D). On the embedded data, standardising them by
training statistics helped a linear head with many labels and hurt it with few, so no statistics are kept.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.aggregation import spatial_softmax


def unit(features: Tensor) -> Tensor:
    """Features (..., D) at length sqrt(D): each dimension is of size 1, so learning rates do not depend on D."""
    return F.normalize(features.float(), dim=-1) * features.shape[-1] ** 0.5


class LinearHead(nn.Module):
    """Logits (B, C) of vectors x (B, D): w_c . unit(x) + b_c, starting at zero."""

    def __init__(self, dim: int, num_classes: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_classes, dim))
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, vectors: Tensor) -> Tensor:
        return F.linear(unit(vectors), self.weight, self.bias)


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
