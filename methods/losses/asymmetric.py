"""The asymmetric loss."""

import torch
from torch import Tensor

from methods.losses.reduce import Reduction, Unknown, reduce_entries


def asymmetric_entries(
    logits: Tensor, positive: Tensor, gamma: Tensor, *, clip: float = 0.0, eps: float = 1e-8, detach: bool = True
) -> Tensor:
    """-(1 - t)^gamma log max(t, eps), entry by entry, of logits, `positive` (bool) and exponents gamma, (B, C) each.

    t = p = sigmoid(z) for positives, min(1 - p + clip, 1) for the rest. detach: the factor (1 - t)^gamma is a constant
    for the gradient.
    """
    logits = logits.float()
    target = torch.where(positive, torch.sigmoid(logits), (torch.sigmoid(-logits) + clip).clamp(max=1))
    # Without detaching, kept off 0: there an exponent below 1 has an infinite gradient.
    focus = (1 - target.detach()).pow(gamma) if detach else (1 - target).clamp(min=1e-12).pow(gamma)
    return -focus * target.clamp(min=eps).log()


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
    detach: bool = True,
) -> Tensor:
    """ASL (Ridnik et al., ICCV 2021, eq. 7).

    p = sigmoid(z), q = min(1 - p + clip, 1)
    positives: -(1 - p)^gamma_pos log max(p, eps);  negatives: -(1 - q)^gamma_neg log max(q, eps)

    detach: whether the focusing factors (1 - p)^gamma_pos and (1 - q)^gamma_neg are constants for the gradient, as in
    ASL's train.py; HCP's and mmpretrain's versions let it through.
    """
    with torch.autocast(logits.device.type, enabled=False):
        positive = labels > 0
        gamma = torch.where(positive, gamma_pos, gamma_neg)
        entries = asymmetric_entries(logits, positive, gamma, clip=clip, eps=eps, detach=detach)
        return reduce_entries(entries, labels, unknown, reduction)
