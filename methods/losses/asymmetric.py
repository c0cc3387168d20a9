"""The asymmetric loss and its two-way form."""

import torch
from torch import Tensor

from methods.losses.reduce import Reduction, Unknown, reduce_entries


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
        logits = logits.float()
        chance = torch.sigmoid(logits)
        shifted = (torch.sigmoid(-logits) + clip).clamp(max=1)
        positive = labels > 0
        target = torch.where(positive, chance, shifted)
        gamma = torch.where(positive, gamma_pos, gamma_neg)
        # Without detaching, kept off 0: there an exponent below 1 has an infinite gradient.
        focus = (1 - target.detach()).pow(gamma) if detach else (1 - target).clamp(min=1e-12).pow(gamma)
        return reduce_entries(-focus * target.clamp(min=eps).log(), labels, unknown, reduction)


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
