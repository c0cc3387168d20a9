"""The asymmetric loss on known labels and on soft ones that another head recovers."""

import torch
from torch import Tensor


def recovered_asymmetric_loss(
    logits: Tensor,
    teacher: Tensor,
    labels: Tensor,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 2.0,
    eps: float = 1e-5,
) -> Tensor:
    """CLSL's second term, mean over all B C: ASL of logits against t, with the teacher's logits z, (B, C) each.

    t = 1, 0 where the label is known, else sigmoid(z_c max_c z_c), without gradient
    -w [t log max(p, eps) + (1 - t) log max(1 - p, eps)], w = (1 - t p - (1 - t)(1 - p))^(gamma+ t + gamma- (1 - t)),
    a constant for the gradient
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits, teacher = logits.float(), teacher.detach().float()
        soft = torch.sigmoid(teacher * teacher.amax(dim=1, keepdim=True))
        target = torch.where(labels == 0, soft, (labels > 0).float())
        present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
        hit = target * present + (1 - target) * absent
        focus = (1 - hit.detach()).clamp(min=0).pow(gamma_pos * target + gamma_neg * (1 - target))
        entries = target * present.clamp(min=eps).log() + (1 - target) * absent.clamp(min=eps).log()
        return -(focus * entries).mean() if entries.numel() else entries.sum()
