"""The focal loss and the Hill loss."""

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.losses.asymmetric import asymmetric_entries
from methods.losses.reduce import Reduction, Unknown, reduce_entries


def focal_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    detach: bool = False,
    unknown: Unknown = "negative",
    reduction: Reduction = "sum",
) -> Tensor:
    """Focal loss (Lin et al., ICCV 2017).

    positives: -(1 - p)^gamma log p;  negatives: -p^gamma log(1 - p), with p = sigmoid(z)

    alpha: the original paper's balance, which multiplies positives with alpha and negatives with 1 - alpha.
    detach: the Hill loss's repository trains it as the asymmetric loss with gamma on both sides and no shift: the
    factor is a constant for the gradient, and log p is log max(p, 1e-8). Its SPLC and mmpretrain have neither.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        positive = labels > 0
        if detach:
            entries = asymmetric_entries(logits, positive, torch.full_like(logits, gamma))
        else:
            wrong_way = torch.where(positive, -logits, logits)
            entries = power(torch.sigmoid(wrong_way), gamma) * F.softplus(wrong_way)
        if alpha is not None:
            entries = torch.where(positive, alpha, 1 - alpha) * entries
        return reduce_entries(entries, labels, unknown, reduction)


def hill_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    lamb: float = 1.5,
    margin: float = 1.0,
    gamma: float = 2.0,
    unknown: Unknown = "negative",
    reduction: Reduction = "sum",
) -> Tensor:
    """Hill loss (Zhang et al., 2021, eq. 8-10): a negative that looks very positive is let go, it may be a hidden one.

    positives: -(1 - p_m)^gamma log p_m with p_m = sigmoid(z - margin)  (focal margin loss)
    negatives: (lamb - p) p^2 with p = sigmoid(z): steepest at p = lamb / 3, flat again at p = 1 for lamb = 1.5
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        chance, missed = torch.sigmoid(logits), margin - logits
        present = power(torch.sigmoid(missed), gamma) * F.softplus(missed)
        absent = (lamb - chance) * chance.square()
        return reduce_entries(torch.where(labels > 0, present, absent), labels, unknown, reduction)


def power(chance: Tensor, exponent: float) -> Tensor:
    """chance^exponent; kept off 0, where an exponent below 1 has an infinite gradient."""
    return chance.clamp(min=1e-30).pow(exponent) if exponent else torch.ones_like(chance)
