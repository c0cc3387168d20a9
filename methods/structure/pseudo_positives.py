"""Pseudo-positives from scores, and the schedule of their margin."""

from torch import Tensor


def fill_positives(labels: Tensor, chosen: Tensor) -> Tensor:
    """labels (B, C) with +1 at those unknown entries that are `chosen`, bool (B, C); known ones stay as they are."""
    return labels.masked_fill((labels == 0) & chosen, 1)


def margin(epoch: int, epochs: int, start: int, high: float, low: float) -> float:
    """The score from which an unknown label is taken for positive: `high` at epoch `start`, falling to `low` linearly.

    0.4 of the run takes it there: 0.95 at epoch 5 down to 0.75 at epoch 13 of SST's 20, by 0.025 after each.
    """
    return high - (high - low) * min(1.0, (epoch - start) / (0.4 * epochs))
