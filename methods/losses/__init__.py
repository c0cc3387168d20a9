"""Losses over labels with gaps: pure functions of logits (B, C) and labels (B, C) in {-1, 0, +1}.

An unknown label (0) is either left out ("ignore") or taken for a negative ("negative"). Everything is computed in
float32, whatever autocast says, and a batch without any known label gives a finite loss; where unknown labels are left
out, it and its gradients are exactly zero.
"""

from methods.losses.asymmetric import asymmetric_loss
from methods.losses.cross_entropy import (
    binary_cross_entropy,
    partial_binary_cross_entropy,
    soft_binary_cross_entropy,
)
from methods.losses.focal import focal_loss, hill_loss
from methods.losses.ranking import ranking_loss
from methods.losses.reduce import Reduction, Unknown, reduce_entries
from methods.losses.selective import doubtful_unknowns, partial_asymmetric_loss

__all__ = [
    "Reduction",
    "Unknown",
    "asymmetric_loss",
    "binary_cross_entropy",
    "doubtful_unknowns",
    "focal_loss",
    "hill_loss",
    "partial_asymmetric_loss",
    "partial_binary_cross_entropy",
    "ranking_loss",
    "reduce_entries",
    "soft_binary_cross_entropy",
]
