"""The partial asymmetric loss: a focusing exponent for unknown labels, of which some are left out."""

from typing import Literal

import torch
from torch import Tensor

from methods.losses.asymmetric import asymmetric_entries
from methods.losses.correction import largest
from methods.losses.reduce import Reduction, reduce_entries

UnknownMode = Literal["ignore", "negative", "selective", "ignore_normalize_classes"]


def partial_asymmetric_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 1.0,
    gamma_unknown: float = 2.0,
    clip: float = 0.0,
    left_out: Tensor | None = None,
    few_count_more: bool = False,
    reduction: Reduction = "sum",
    eps: float = 1e-8,
) -> Tensor:
    """P-ASL (Ben-Baruch et al., CVPR 2022, eq. 3-5): known positives, known negatives, and unknown ones as negatives.

    `asymmetric_entries` with gamma_pos for known positives, gamma_neg for known negatives, gamma_unknown for the rest.

    left_out: bool (B, C), unknown labels that do not count. few_count_more: an image with k known labels counts
    1 + 1 / (1 + k), the code's reading of partial BCE's weight.
    """
    with torch.autocast(logits.device.type, enabled=False):
        positive, unknown = labels > 0, labels == 0
        gamma = torch.where(positive, gamma_pos, torch.where(unknown, gamma_unknown, gamma_neg))
        entries = asymmetric_entries(logits, positive, gamma, clip=clip, eps=eps)
        if few_count_more:
            entries = entries * (1 + 1 / (1 + (labels != 0).sum(dim=1, keepdim=True)))
        counted = torch.ones_like(labels) if left_out is None else torch.where(unknown & left_out, 0, 1)
        return reduce_entries(entries, counted, "ignore", reduction)


def doubtful_unknowns(
    logits: Tensor, labels: Tensor, *, prior: Tensor | None, prior_threshold: float, topk: int
) -> Tensor:
    """Unknown labels that are too likely to be positives to be taken for negatives, bool (B, C).

    Class-aware selection: those of classes whose prior (C,) is above `prior_threshold`, and the topk B likeliest of the
    whole batch. Ties at the last place are all left out, so that the order of classes does not decide (officially the
    sort does).
    """
    unknown = labels == 0
    doubtful = torch.zeros_like(unknown) if prior is None else unknown & (prior > prior_threshold)
    return doubtful | largest(logits.detach(), unknown, topk * len(labels))
