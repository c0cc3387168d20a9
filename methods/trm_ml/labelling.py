"""Pseudo-labels of unknown entries, from evidence and two thresholds."""

import torch
from torch import Tensor


@torch.no_grad()
def pseudo_labels(evidence: Tensor, labels: Tensor, upper: Tensor | float, lower: Tensor | float) -> Tensor:
    """int8 (B, C): +1 above `upper`, -1 below `lower`, for unknown entries of labels (B, C); 0 at every known one.

    Thresholds are numbers or (C,). More evidence never lowers a label. [A: two-sided, hard]
    """
    decided = (evidence > upper).to(torch.int8) - (evidence < lower).to(torch.int8)
    return torch.where(labels == 0, decided, torch.zeros_like(decided))
