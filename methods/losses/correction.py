"""SPLC and Large Loss: corrections of assumed negatives."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.losses.focal import focal_loss
from methods.losses.reduce import Reduction, reduce_entries


def splc_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    correct: bool,
    known_too: bool = False,
    tau: float = 0.6,
    margin: float = 1.0,
    gamma: float = 2.0,
    reduction: Reduction = "sum",
) -> tuple[Tensor, Tensor]:
    """SPLC with the focal margin loss (Zhang et al., 2021): the loss, and which entries (B, C) became positives.

    Unknown labels are taken for negatives.

    z <- z - margin for known positives; with `correct`, an entry with sigmoid(z) > tau is a positive in this step,
    without a margin, if it is unknown (or a negative at all, with `known_too`, as in the released code).
    positives: -(1 - p)^gamma log p;  negatives: -p^gamma log(1 - p). The focal factor has a gradient, as in that code.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = torch.where(labels > 0, logits.float() - margin, logits.float())
        corrected = torch.zeros_like(labels, dtype=torch.bool)
        if correct:
            doubtful = labels <= 0 if known_too else labels == 0
            corrected = doubtful & (torch.sigmoid(logits.detach()) > tau)
        targets = torch.where((labels > 0) | corrected, 1, -1)
        return focal_loss(logits, targets, gamma=gamma, reduction=reduction), corrected


def largest(losses: Tensor, among: Tensor, k: int) -> Tensor:
    """bool (B, C): the k largest of losses (B, C) `among` which (B, C) one may choose, and all that tie with the k-th.

    Fewer than k to choose from: all of them, and never another (the released code's mask multiplies losses with zero,
    so that known labels change as soon as k exceeds the unknown ones).
    """
    k = min(k, losses.numel())
    if k == 0:
        return torch.zeros_like(among)
    ranked = torch.where(among, losses, -torch.inf).flatten().topk(k).values
    last = (among.sum() - 1).clamp(0, k - 1)  # a place, not a number of Python's, for which a GPU would have to wait
    return among & (losses >= ranked.gather(0, last[None]))


def count_of(share: float, entries: int) -> int:
    """ceil(share * entries), whatever the last bit of the product says."""
    return math.ceil(round(share * entries, 6))


def large_loss(
    logits: Tensor, labels: Tensor, *, share: float, correct: bool, reduction: Reduction = "mean"
) -> tuple[Tensor, Tensor]:
    """Large Loss (Kim et al., CVPR 2022): the loss, and which entries (B, C) were doubted.

    Unknown labels are taken for negatives. Of their losses the ceil(share B C) largest in the batch are doubted: they
    count nothing (LL-R), or with `correct` as those of positives (LL-Ct, LL-Cp). Known labels are never doubted.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        absent = F.softplus(logits)
        doubted = largest(absent.detach(), labels == 0, count_of(share, labels.numel()))
        present = F.softplus(-logits)
        entries = torch.where(labels > 0, present, absent)
        entries = torch.where(doubted, present if correct else torch.zeros_like(present), entries)
        return reduce_entries(entries, labels, "negative", reduction), doubted
