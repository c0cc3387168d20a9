"""The pairwise ranking loss of TaI-DPT."""

import torch
from torch import Tensor


def ranking_loss(logits: Tensor, labels: Tensor, *, positives: int | None = None, margin: float = 1.0) -> Tensor:
    """Mean over rows of sum_{i positive, j negative} max(0, margin - z_i + z_j), as in TaI-DPT's code (CVPR 2023).

    Every positive should stand `margin` above every negative of its row; unknown labels take no part, and a row
    without a positive or without a negative has a loss of 0. O(B P C) memory, P the most positives of a row:
    `positives` where that is known, else counted, for which a GPU is waited for.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits, positive = logits.float(), labels > 0
        if positives is None:
            positives = int(positive.sum(dim=1).max()) if len(labels) else 0
        first = positive.int().argsort(dim=1, descending=True, stable=True)[:, :positives]
        short = (margin - logits.gather(1, first)[:, :, None] + logits[:, None, :]).clamp(min=0)  # (row, i, negative j)
        pairs = positive.gather(1, first)[:, :, None] & (labels < 0)[:, None, :]
        return torch.where(pairs, short, 0.0).sum() / max(len(labels), 1)
