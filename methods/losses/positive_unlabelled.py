"""PU-MLC's losses: positives against everything else, and the agreement of mixed images."""

import torch
from torch import Tensor

TINY = 1e-10


def variational_pu_loss(logits: Tensor, labels: Tensor, *, alpha: float, gamma: float, coolest: float = 0.5) -> Tensor:
    """The variational loss of positive and unlabelled data for each class (PU-MLC, ICME 2024), summed over classes.

    p = sigmoid(z / T), T = min(alpha std_b(z), 1) of the class, at least `coolest`;  m = mean_b p
    sum_c [ m_c^gamma log m_c - mean over the class's positives of log p ], m^gamma without gradient

    Logits and labels (B, C). All images count as unlabelled, positives among them; whatever is no positive is nothing
    else. It is not divided by C, and may be negative.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        temperature = (alpha * logits.detach().std(dim=0, correction=0)).clamp(coolest, 1)
        chance = torch.sigmoid(logits / temperature)
        positive = (labels > 0).float()
        mean = (chance + TINY).mean(dim=0)
        spread = chance.detach().mean(dim=0).pow(gamma) * (mean + TINY).log()
        given = ((chance + 2 * TINY).log() * positive).sum(dim=0) / positive.sum(dim=0).clamp(min=1)
        return (spread - given).sum()


def mixed_agreement_loss(mixed: Tensor, targets: Tensor) -> Tensor:
    """sum_c mean_b [log(t + 1e-10) - log(p + 1e-10)]^2 of mixed images' p = sigmoid(z) and targets t, (B, C) each."""
    with torch.autocast(mixed.device.type, enabled=False):
        gap = (targets.float() + TINY).log() - (torch.sigmoid(mixed.float()) + TINY).log()
        return gap.square().sum() / max(len(mixed), 1)
