"""The loss of regularised online label estimation."""

import torch
from torch import Tensor

from methods.losses.cross_entropy import neg_log
from methods.losses.expected_positives import expected_positives_penalty


def role_loss(logits: Tensor, estimates: Tensor, labels: Tensor, expected: float) -> Tensor:
    """ROLE (Cole et al., CVPR 2021) of classifier logits (B, C) and label estimates (B, C), also logits.

    p = sigmoid(logits), q = sigmoid(estimates); each teaches the other, which is held fixed meanwhile:
    half(p | q) = mean over B C of [known labels' cross-entropy of p + CE(q -> p)] + ((mean_b sum_c p - k) / C)^2
    loss = (half(p | q) + half(q | p)) / 2, with log(x + 1e-5) as in the official code.

    The paper knows positives only; a known negative adds -log(1 - p) in the same way.
    """
    with torch.autocast(logits.device.type, enabled=False):
        halves = [
            _half(one.float(), other.float(), labels, expected)
            for one, other in ((logits, estimates), (estimates, logits))
        ]
        return (halves[0] + halves[1]) / 2


def _half(student: Tensor, teacher: Tensor, labels: Tensor, expected: float) -> Tensor:
    present, absent = neg_log(student), neg_log(-student)
    target = torch.sigmoid(teacher.detach())
    entries = target * present + (1 - target) * absent
    entries = entries + torch.where(labels > 0, present, 0.0) + torch.where(labels < 0, absent, 0.0)
    return entries.sum() / max(labels.numel(), 1) + expected_positives_penalty(torch.sigmoid(student), expected)
