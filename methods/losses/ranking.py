"""The pairwise ranking loss of TaI-DPT."""

import torch
from torch import Tensor


def ranking_loss(logits: Tensor, labels: Tensor, *, margin: float = 1.0) -> Tensor:
    """Mean over rows of sum_{i positive, j negative} max(0, margin - z_i + z_j), as in TaI-DPT's code (CVPR 2023).

    Every positive should stand `margin` above every negative of its row; unknown labels take no part, and a row
    without a positive or without a negative has a loss of 0. O(B C^2) memory.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        short = (margin - logits[:, :, None] + logits[:, None, :]).clamp(min=0)  # (row, positive i, negative j)
        pairs = (labels > 0)[:, :, None] & (labels < 0)[:, None, :]
        return torch.where(pairs, short, 0.0).sum() / max(len(labels), 1)
