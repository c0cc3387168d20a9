"""Losses over labels with gaps: pure functions of logits (B, C) and labels (B, C) in {-1, 0, +1}.

An unknown label (0) is either left out ("ignore") or taken for a negative ("negative"). Everything is computed in
float32, whatever autocast says, and a batch without any known label gives a loss and gradients of exactly zero.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Unknown = Literal["ignore", "negative"]
Reduction = Literal["sum", "sum/batch", "mean/known", "mean"]


def asymmetric_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    gamma_pos: float,
    gamma_neg: float,
    clip: float,
    unknown: Unknown = "ignore",
    reduction: Reduction = "sum/batch",
    eps: float = 1e-8,
) -> Tensor:
    """ASL (Ridnik et al., ICCV 2021, eq. 7), with the focusing factor detached as in ASL's train.py.

    p = sigmoid(z), q = min(1 - p + clip, 1)
    positives: -(1 - p)^gamma_pos log max(p, eps);  negatives: -(1 - q)^gamma_neg log max(q, eps)
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        chance = torch.sigmoid(logits)
        shifted = (torch.sigmoid(-logits) + clip).clamp(max=1)
        positive = labels > 0
        target = torch.where(positive, chance, shifted)
        gamma = torch.where(positive, gamma_pos, gamma_neg)
        focus = (1 - target.detach()).pow(gamma)
        return _reduce(-focus * target.clamp(min=eps).log(), labels, unknown, reduction)


def two_way_asymmetric_loss(
    negative: Tensor,
    positive: Tensor,
    labels: Tensor,
    *,
    gamma_pos: float = 1.0,
    gamma_neg: float = 2.0,
    clip: float = 0.05,
    unknown: Unknown = "ignore",
    reduction: Reduction = "sum",
) -> Tensor:
    """ASL on the softmax over a pair of logits (B, C) each (DualCoOp, utils/asymmetric_loss.py: eps is 1e-6).

    softmax([z-, z+])+ = sigmoid(z+ - z-), so this is `asymmetric_loss` of the difference.
    """
    return asymmetric_loss(
        positive.float() - negative.float(),
        labels,
        gamma_pos=gamma_pos,
        gamma_neg=gamma_neg,
        clip=clip,
        unknown=unknown,
        reduction=reduction,
        eps=1e-6,
    )


def binary_cross_entropy(
    logits: Tensor, labels: Tensor, *, unknown: Unknown = "ignore", reduction: Reduction = "sum/batch"
) -> Tensor:
    """-log sigmoid(z) for positives, -log sigmoid(-z) for negatives."""
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        return _reduce(F.softplus(torch.where(labels > 0, -logits, logits)), labels, unknown, reduction)


def _reduce(entries: Tensor, labels: Tensor, unknown: Unknown, reduction: Reduction) -> Tensor:
    """One scalar from the losses of all entries (B, C), of which the unknown ones may not count."""
    counts = labels != 0 if unknown == "ignore" else torch.ones_like(labels, dtype=torch.bool)
    total = torch.where(counts, entries, 0.0).sum()
    match reduction:
        case "sum":
            return total
        case "sum/batch":
            return total / max(len(labels), 1)
        case "mean/known":
            return total / counts.sum().clamp(min=1)
        case "mean":
            return total / max(labels.numel(), 1)
    raise ValueError(f"reduction {reduction!r}: use 'sum', 'sum/batch', 'mean/known' or 'mean'")
