"""Entropy maximisation of unknown labels, except those that have a soft label."""

import torch
from torch import Tensor

from methods.losses.cross_entropy import neg_log
from methods.losses.focal import power
from methods.losses.reduce import Reduction, reduce_entries


def binary_entropy(logits: Tensor) -> Tensor:
    """H(p) = -p log p - (1 - p) log(1 - p) of p = sigmoid(z), with `neg_log`'s guard; log 2 at z = 0, its largest."""
    chance, other = torch.sigmoid(logits), torch.sigmoid(-logits)
    return chance * neg_log(logits) + other * neg_log(-logits)


def entropy_maximization_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    alpha: float,
    soft: Tensor | None = None,
    soft_weight: float | Tensor = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """EM (Zhou et al., ECCV 2022), with soft pseudo-labels: APL's negatives, VLPL's positives.

    known: -log p, -log(1 - p)
    unknown with a soft label s: soft_weight [-s log p - (1 - s) log(1 - p)]
    unknown otherwise: -alpha H(p), so that minimising it *raises* the entropy

    soft: (B, C), NaN where there is none. All entries count in the reduction, officially the mean over B C. The paper
    knows positives only.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        present, absent = neg_log(logits), neg_log(-logits)
        entries = -alpha * binary_entropy(logits)
        if soft is not None:
            has_soft, target = ~soft.isnan(), soft.nan_to_num()
            entries = torch.where(has_soft, soft_weight * (target * present + (1 - target) * absent), entries)
        entries = torch.where(labels > 0, present, torch.where(labels < 0, absent, entries))
        return reduce_entries(entries, labels, "negative", reduction)


def focused_entropy_loss(
    logits: Tensor,
    labels: Tensor,
    pseudo: Tensor,
    *,
    gamma_pos: float = 2.0,
    gamma_neg: float = 4.0,
    gamma_unknown: float = 4.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """VLPL's other loss, EM_PL_ASL, of logits, labels and pseudo-labels (B, C) in {-1, 0, +1}; these for unknown ones.

    positives, known or not: -(1 - p)^gamma_pos log p;  negatives: -p^gamma_neg log(1 - p)
    unknown otherwise: -(1 - p)^gamma_unknown H(p), without a weight alpha. The factors have gradients.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
        signs = torch.where(labels == 0, pseudo, labels)
        unknown = -power(absent, gamma_unknown) * binary_entropy(logits)
        yes, no = power(absent, gamma_pos) * neg_log(logits), power(present, gamma_neg) * neg_log(-logits)
        entries = torch.where(signs > 0, yes, torch.where(signs < 0, no, unknown))
        return reduce_entries(entries, labels, "negative", reduction)
