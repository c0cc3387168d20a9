"""Reduction of the losses of all entries to one scalar."""

from typing import Literal

import torch
from torch import Tensor

Unknown = Literal["ignore", "negative"]
Reduction = Literal["sum", "sum/batch", "mean/known", "mean"]


def reduce_entries(entries: Tensor, labels: Tensor, unknown: Unknown, reduction: Reduction) -> Tensor:
    """One scalar from the losses of all entries (B, C), of which the unknown ones may not count."""
    counts = labels != 0 if unknown == "ignore" else torch.ones_like(labels, dtype=torch.bool)
    total = torch.where(counts, entries, 0.0).sum()
    match reduction:
        case "sum":
            return total
        case "sum/batch":
            return total / max(len(labels), 1)
        case "mean/known":
            return total / counts.sum().clamp(min=1)
        case "mean":
            return total / max(labels.numel(), 1)
    raise ValueError(f"reduction {reduction!r}: use 'sum', 'sum/batch', 'mean/known' or 'mean'")
