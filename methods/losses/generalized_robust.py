"""The generalized robust loss."""

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.losses.cross_entropy import neg_log
from methods.losses.reduce import Reduction, reduce_entries


def power_loss(logits: Tensor, q: float) -> Tensor:
    """(1 - p^q) / q of p = sigmoid(z): 1 - p for q = 1, -log p as q -> 0.

    By way of log p, so that value and gradient are right where p itself would be rounded to 0 or 1.
    """
    return -torch.expm1(q * F.logsigmoid(logits)) / q


def generalized_robust_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    slope: float,
    offset: float,
    center: float,
    width: float,
    q_positive: float = 0.01,
    q_negative: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """GR (Chen et al., IJCAI 2024) of logits (B, C).

    known: -log(p + 1e-7), -log(1 - p + 1e-7) (the paper knows positives only)
    unknown: V [K (1 - p^q2) / q2 + (1 - K) (1 - (1 - p)^q3) / q3]
    K = sigmoid(slope p + offset), the chance that it is present; V = exp(-((p - center) / width)^2 / 2); both without
    gradient. q2 = q_positive, q3 = q_negative.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        chance = torch.sigmoid(logits.detach())
        present = torch.sigmoid(slope * chance + offset)
        weight = torch.exp(-((chance - center) / width).square() / 2)
        entries = weight * (present * power_loss(logits, q_positive) + (1 - present) * power_loss(-logits, q_negative))
        known = neg_log(torch.where(labels > 0, logits, -logits), guard=1e-7)
        return reduce_entries(torch.where(labels == 0, entries, known), labels, "negative", reduction)
