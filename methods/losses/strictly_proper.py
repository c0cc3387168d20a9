"""The strictly proper asymmetric loss, and the link from its scores to chances."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.losses.reduce import Reduction, Unknown, reduce_entries


class Margins(NamedTuple):
    """Of positives and of negatives: what a loss is divided by, its slope, and where its margin lies."""

    zeta_positive: float = 1.0
    zeta_negative: float = 5.0
    slope_positive: float = 1.0
    slope_negative: float = 3.0
    offset_positive: float = 0.0
    offset_negative: float = 1.0


def link_logits(scores: Tensor, margins: Margins) -> Tensor:
    """The logit of the chance for which the expected loss is smallest at these scores: a rising function of them.

    p / (1 - p) = (k- zeta+ sigmoid(k- (s - b-))) / (k+ zeta- sigmoid(-k+ (s - b+)))
    """
    zeta_p, zeta_n, k_p, k_n, b_p, b_n = margins
    ratio = torch.tensor(k_n * zeta_p / (k_p * zeta_n)).log().to(scores)
    return ratio + F.logsigmoid(k_n * (scores - b_n)) - F.logsigmoid(-k_p * (scores - b_p))


def strictly_proper_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    margins: Margins = Margins(),  # noqa: B008 - a named tuple never changes
    link_inside: bool = False,
    unknown: Unknown = "ignore",
    reduction: Reduction = "mean/known",
) -> Tensor:
    """SPA (Cheng and Vasconcelos, CVPR 2024) of scores s (B, C), here the logits.

    positives: -log sigmoid(k+ (s - b+)) / zeta+;  negatives: -log sigmoid(-k- (s - b-)) / zeta-

    link_inside: s is the chance that `link_logits` gives, as released in mlcpl. Then the loss is bounded, and its
    smallest value is not where the chance is right.
    """
    with torch.autocast(logits.device.type, enabled=False):
        scores = logits.float()
        if link_inside:
            scores = torch.sigmoid(link_logits(scores, margins))
        zeta_p, zeta_n, k_p, k_n, b_p, b_n = margins
        present = F.softplus(-k_p * (scores - b_p)) / zeta_p
        absent = F.softplus(k_n * (scores - b_n)) / zeta_n
        return reduce_entries(torch.where(labels > 0, present, absent), labels, unknown, reduction)
