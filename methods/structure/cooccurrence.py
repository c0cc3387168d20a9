"""The co-occurrence head of SST and HST, its loss, and its scores of unknown labels."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from methods.losses import asymmetric_loss
from methods.structure.decoupling import PRODUCTS_AT_ONCE, PRODUCTS_KEPT
from methods.training_memory import Sizes, trained_memory

BLOCK = 2**25
"""Numbers of a block of the pairs' weights (128 MiB); what a step or an optimiser makes of a block is as large."""


class CoOccurrence(nn.Module):
    """Logits q (B, C, C) that classes i and j occur together, from the classes' features f (B, C, F).

    a = W1 f + b1;  p[i, j] = w_ij . (W3 relu(W2 [a_i, a_j] + b2) + b3) + c_ij;  q[i, j] = (p[i, j] + p[j, i]) / 2

    HCP's code takes p at i < j alone, so that what it learns depends on the order of the classes; the mean of both ways
    round does not. W2 [a_i, a_j] is a sum of two parts that each see one class, and W3 is folded into w_ij, since
    nothing stands between them: the same numbers at a fraction of the cost.

    The weights stand in blocks of whole rows i, one parameter each, and are folded block by block: of 500 classes with
    an output of 1024 they are 1 GiB, and an optimiser makes three temporaries of a parameter's size.
    """

    def __init__(self, num_classes: int, dim: int, hidden: int, output: int):
        super().__init__()
        self.reduce = nn.Linear(dim, hidden)
        self.first = nn.Linear(hidden, output)  # with b2
        self.second = nn.Linear(hidden, output, bias=False)
        self.mix = nn.Linear(output, output)
        rows = torch.arange(num_classes).split(max(1, BLOCK // (num_classes * output)))
        self.weight = nn.ParameterList(
            torch.empty(len(block), num_classes, output).uniform_(-1, 1) / output**0.5 for block in rows
        )
        self.bias = nn.Parameter(torch.empty(num_classes, num_classes).uniform_(-1, 1) / output**0.5)

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce(features)
        one, other = self.first(reduced), self.second(reduced)
        with torch.autocast(features.device.type, enabled=False):
            again = other.numel() * len(self.bias) > PRODUCTS_KEPT and torch.is_grad_enabled()
            start, parts = 0, []
            for block in self.weight:
                rows = slice(start, start := start + len(block))
                weight, bias = block @ self.mix.weight, block @ self.mix.bias + self.bias[rows]
                parts.append(pair_scores(one[:, rows].float(), other.float(), weight, again) + bias)
            directed = torch.cat(parts, dim=1)
            return (directed + directed.mT) / 2


def pair_memory(batch: int, classes: int, output: int, optimizer: str, ema: float) -> int:
    """Bytes of training the head: weights with all that belongs to them, a block's temporaries, products and logits."""
    weights, pairs = classes**2 * output, batch * classes**2
    around = 3 * min(weights, BLOCK) + min(pairs * output, PRODUCTS_KEPT) + 15 * pairs
    return trained_memory(weights, optimizer, ema) + 4 * around


def pairs_and_memory(config: Any, sizes: Sizes) -> int:
    """Bytes beside the trunk's: every pair of classes, and the memory of positives with its directions."""
    pairs = pair_memory(config.batch_size, sizes.classes, config.pair_output, config.optimizer, config.ema)
    held: int = 4 * sizes.classes * config.memory * config.width
    return pairs + 2 * held


def pair_scores(one: Tensor, other: Tensor, weight: Tensor, again: bool) -> Tensor:
    """weight[i, j] . relu(one[b, i] + other[b, j]), (B, R, C), of (B, R, K), (B, C, K), (R, C, K); in chunks of i.

    again: whether products are computed again for the gradient, instead of kept.
    """
    if torch.compiler.is_compiling():  # a size of chunks would fix the number of images in an exported graph
        return _rows(one, other, weight)
    rows = max(1, PRODUCTS_AT_ONCE // max(other.numel(), 1))
    parts = []
    for part, chunk in zip(one.split(rows, dim=1), weight.split(rows), strict=True):
        if again:
            parts.append(checkpoint(_rows, part, other, chunk, use_reentrant=False, preserve_rng_state=False))
        else:
            parts.append(_rows(part, other, chunk))
    return torch.cat(parts, dim=1)


def _rows(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("bijk,ijk->bij", F.relu(one[:, :, None] + other[:, None]), weight)


def pair_labels(labels: Tensor) -> Tensor:
    """int8 (B, C (C - 1) / 2) for the pairs i < j: +1 where both labels are known positives, else -1.

    A pair with an unknown label counts as not together, as in HCP's code.
    """
    i, j = upper_pairs(labels.shape[1], labels.device)
    together = (labels[:, i] > 0) & (labels[:, j] > 0)
    return torch.where(together, 1, -1).to(torch.int8)


def upper_pairs(num_classes: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The indices i < j."""
    i, j = torch.triu_indices(num_classes, num_classes, offset=1, device=device)
    return i, j


def cooccurrence_loss(pairs: Tensor, labels: Tensor) -> Tensor:
    """ASL (gamma+ 1, gamma- 2, clip 0.05, focusing not detached), the mean over all pairs of logits (B, C, C)."""
    i, j = upper_pairs(labels.shape[1], labels.device)
    return asymmetric_loss(
        pairs[:, i, j],
        pair_labels(labels),
        gamma_pos=1.0,
        gamma_neg=2.0,
        clip=0.05,
        reduction="mean",
        detach=False,
    )


def intra_scores(pairs: Tensor, labels: Tensor) -> Tensor:
    """(B, C) in 0..1: the mean over an image's known positives j other than c of sigmoid(q[c, j]); 0 without any.

    For an unknown c, which is its purpose, leaving c itself out changes nothing; for a known one it keeps the
    answer out of the score (HCP's code has a 1 on the diagonal there).
    """
    positive = (labels > 0).float()
    others = positive[:, None] * (1 - torch.eye(labels.shape[1], device=labels.device))  # (B, C, C) of j for each c
    return (torch.sigmoid(pairs.float()) * others).sum(dim=-1) / others.sum(dim=-1).clamp(min=1)
