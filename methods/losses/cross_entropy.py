"""Binary cross-entropy over labels with gaps."""

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.losses.reduce import Reduction, Unknown, reduce_entries

ROLE_GUARD = 1e-5
"""The number that ROLE's code and its descendants add to a chance before its logarithm."""


def neg_log(logits: Tensor, guard: float = ROLE_GUARD) -> Tensor:
    """-log(sigmoid(z) + guard); of -z it is that of 1 - p, without the rounding of 1 - p.

    Unlike -log sigmoid(z), which a guard of 0 gives, it is bounded, and its gradient vanishes where p is far below it.
    """
    return -torch.log(torch.sigmoid(logits) + guard) if guard else F.softplus(-logits)


def binary_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    smoothing: float = 0.0,
    negative_weight: float = 1.0,
    log_guard: float = 0.0,
    unknown: Unknown = "ignore",
    reduction: Reduction = "sum/batch",
) -> Tensor:
    """-log sigmoid(z) for positives, -log sigmoid(-z) for negatives.

    smoothing: s turns it into 1 - s times an entry's own term and s times the opposite one.
    negative_weight: what the entries of negatives are multiplied with; the divisor does not know of it.
    log_guard: what is added to a chance before its logarithm.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        positive = labels > 0
        entries = neg_log(torch.where(positive, logits, -logits), log_guard)
        if smoothing:
            opposite = neg_log(torch.where(positive, -logits, logits), log_guard)
            entries = (1 - smoothing) * entries + smoothing * opposite
        if negative_weight != 1:
            entries = torch.where(positive, entries, negative_weight * entries)
        return reduce_entries(entries, labels, unknown, reduction)


def partial_binary_cross_entropy(
    logits: Tensor, labels: Tensor, *, alpha: float = -4.45, beta: float = 5.45, gamma: float = 1.0
) -> Tensor:
    """Partial BCE (Durand et al., CVPR 2019, eq. 2-3): images count the more the fewer of their labels are known.

    k_i: the known share of image i's labels;  g(k) = alpha k^gamma + beta
    loss = mean_b [ g(k_b) / C  sum over its known labels of the binary cross-entropy ]

    The constants make g(1) = 1, so that it is the plain mean where all is known, and g(0.1) = 5.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        known = labels != 0
        weight = alpha * known.float().mean(dim=1, keepdim=True).pow(gamma) + beta
        entries = weight * F.softplus(torch.where(labels > 0, -logits, logits))
        return reduce_entries(entries, labels, "ignore", "mean")


def soft_binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-t log sigmoid(z) - (1 - t) log sigmoid(-z), averaged over the entries that count (HCP's known-label loss).

    targets: (B, C); t in (0, 1] is a soft positive, -1 a known negative (t = 0 in the formula), 0 unknown and left out.
    They may have gradients of their own, as SARB's blends do.
    """
    with torch.autocast(logits.device.type, enabled=False):
        logits = logits.float()
        entries = F.softplus(logits) - targets.clamp(min=0) * logits
        return reduce_entries(entries, targets, "ignore", "mean/known")
