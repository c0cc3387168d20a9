"""The generalized robust loss, and its form with pseudo-labels."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.losses.cross_entropy import neg_log
from methods.losses.reduce import Reduction, reduce_entries

GUARD = 1e-7
"""What the released code adds to a chance before its logarithm."""


def power_loss(logits: Tensor, q: float) -> Tensor:
    """(1 - p^q) / q of p = sigmoid(z): 1 - p for q = 1, -log p as q -> 0.

    By way of log p, so that value and gradient are right where p itself would be rounded to 0 or 1.
    """
    return -torch.expm1(q * F.logsigmoid(logits)) / q


class RobustWeights(NamedTuple):
    """K and V of GR, (B, C) each and without gradient: the chance of an unknown label, and what its loss counts."""

    present: Tensor
    weight: Tensor


def robust_weights(logits: Tensor, slope: float, offset: float, center: float, width: float) -> RobustWeights:
    """K = sigmoid(slope p + offset) and V = exp(-((p - center) / width)^2 / 2) of p = sigmoid(logits)."""
    chance = torch.sigmoid(logits.detach())
    return RobustWeights(torch.sigmoid(slope * chance + offset), torch.exp(-((chance - center) / width).square() / 2))


def robust_entries(logits: Tensor, weights: RobustWeights, q_positive: float, q_negative: float) -> Tensor:
    """V [K (1 - p^q2) / q2 + (1 - K) (1 - (1 - p)^q3) / q3], (B, C), with q2 = q_positive and q3 = q_negative."""
    present, weight = weights
    return weight * (present * power_loss(logits, q_positive) + (1 - present) * power_loss(-logits, q_negative))


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
    unknown: `robust_entries`
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        weights = robust_weights(logits, slope, offset, center, width)
        entries = robust_entries(logits, weights, q_positive, q_negative)
        known = neg_log(torch.where(labels > 0, logits, -logits), GUARD)
        return reduce_entries(torch.where(labels == 0, entries, known), labels, "negative", reduction)


def pseudo_robust_loss(
    logits: Tensor,
    labels: Tensor,
    pseudo: Tensor,
    *,
    slope: float,
    offset: float,
    center: float,
    width: float,
    q_positive: float = 0.01,
    q_negative: float = 1.0,
    least: float = 0.5,
    most: float = 0.7,
    target: float = 0.9,
    reduction: Reduction = "mean",
) -> Tensor:
    """GPR (AEVLP, ICCV 2025) of logits (B, C), labels and pseudo-labels (B, C) in {-1, 0, +1}; these for unknown ones.

    known and unknown ones without a pseudo-label: as in GR
    pseudo-positives: w [-t log p - (1 - t) log(1 - p)], w = 1 - V, kept in [least, most], t = target
    pseudo-negatives: -V log(1 - p)
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        weights = robust_weights(logits, slope, offset, center, width)
        yes, no = neg_log(logits, GUARD), neg_log(-logits, GUARD)
        sure = (1 - weights.weight).clamp(least, most) * (target * yes + (1 - target) * no)
        unknown = robust_entries(logits, weights, q_positive, q_negative)
        unknown = torch.where(pseudo > 0, sure, torch.where(pseudo < 0, weights.weight * no, unknown))
        entries = torch.where(labels > 0, yes, torch.where(labels < 0, no, unknown))
        return reduce_entries(entries, labels, "negative", reduction)
