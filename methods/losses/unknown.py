"""Entropy maximisation of unknown labels, except those that have a soft label."""

import torch
from torch import Tensor

from methods.losses.cross_entropy import neg_log
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
    soft_weight: float = 1.0,
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
