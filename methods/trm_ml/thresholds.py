"""Thresholds of evidence for each category, learned from its known labels.

That thresholds are two-sided and labels hard is [A]; setting them by the precision and the miss rate that the known
labels show is [U].
"""

import torch
from torch import Tensor, nn

LABELS_HELD = 512
"""Known labels of each sign and class that thresholds are taken from, at most."""
FEWEST_KNOWN = 4
"""Fewer known labels of a sign than this are no evidence for a threshold."""


@torch.no_grad()
def remember(memory: Tensor, values: Tensor, chosen: Tensor, room: Tensor) -> Tensor:
    """Memory (K, C), newest first and NaN where empty, after the `chosen` (B, C) of values (B, C).

    Class c keeps at most room[c] values.
    """
    size = len(memory)
    stacked = torch.cat([torch.where(chosen, values.detach().to(memory), float("nan")), memory])
    order = stacked.isnan().to(torch.int8).argsort(dim=0, stable=True)[:size]
    rank = torch.arange(size, device=memory.device)[:, None]
    return torch.where(rank < room, stacked.gather(0, order), float("nan"))


@torch.no_grad()
def precise_threshold(positives: Tensor, negatives: Tensor, prior: Tensor, precision: float) -> Tensor:
    """(C,): the lowest known positive above which labels would be right with at least `precision`, else +inf.

    precision(t) = prior * P(sigma >= t | positive) / (that + (1 - prior) * P(sigma >= t | negative)), the shares
    counted in positives (K, C) and negatives (K, C), with half a false positive added: none in ten proves little.
    """
    candidates, ranked = (_filled(x, float("inf")).T.sort(dim=1).values for x in (positives, negatives))  # (C, K)
    n_positive = positives.isfinite().sum(dim=0)[:, None]
    n_negative = negatives.isfinite().sum(dim=0)[:, None]
    below = torch.arange(candidates.shape[1], device=candidates.device)
    recall = (n_positive - below).clamp(min=0) / n_positive.clamp(min=1)
    false = n_negative - torch.searchsorted(ranked.contiguous(), candidates.contiguous()).clamp(max=n_negative)
    fall_out = (false + 0.5) / (n_negative + 1)
    right = prior[:, None] * recall
    reached = right >= precision * (right + (1 - prior[:, None]) * fall_out)
    usable = reached & (below < n_positive)
    return torch.where(usable, candidates, float("inf")).amin(dim=1)


@torch.no_grad()
def estimate_thresholds(
    positives: Tensor, negatives: Tensor, prior: Tensor, precision: float, miss: float, least: int
) -> tuple[Tensor, Tensor]:
    """(upper, lower), each (C,): above it a positive, below it a negative, in between unknown.

    upper: `precise_threshold`; lower: the `miss` quantile of the known positives. Where the two cross, classes are
    separated and the gap between them stays unknown. Fewer than `least` known labels of a sign are no evidence:
    without known negatives (single positive labels) upper is the median of the positives, without known positives
    nothing is called positive, and negatives are what lies below the median known negative.
    """
    some_positives = positives.isfinite().sum(dim=0) >= least
    some_negatives = negatives.isfinite().sum(dim=0) >= least
    upper = precise_threshold(positives, negatives, prior, precision)
    upper = torch.where(some_negatives, upper, positives.nanquantile(0.5, dim=0))
    upper = _filled(torch.where(some_positives, upper, float("inf")), float("inf"))
    lower = torch.where(some_positives, positives.nanquantile(miss, dim=0), negatives.nanquantile(0.5, dim=0))
    lower = _filled(torch.where(some_positives | some_negatives, lower, float("-inf")), float("-inf"))
    crossed = some_positives & some_negatives & (lower > upper)
    return torch.where(crossed, lower, upper), torch.where(crossed, upper, lower)


def _filled(x: Tensor, value: float) -> Tensor:
    """`value` in the place of NaN (`nan_to_num` would also touch infinities)."""
    return torch.where(x.isnan(), value, x)


class Thresholds(nn.Module):
    """Thresholds `upper` and `lower` (C,), from the evidence of known labels over about one epoch.

    precision, miss: see `estimate_thresholds`.
    """

    positives: Tensor
    negatives: Tensor
    upper: Tensor
    lower: Tensor
    prior: Tensor
    room: Tensor

    def __init__(self, observed: Tensor, precision: float, miss: float):
        """observed: the training labels (N, C), for the share of positives and for how much an epoch can show."""
        super().__init__()
        self.precision, self.miss = precision, miss
        counts = torch.stack([(observed == value).sum(dim=0) for value in (1, -1)])
        classes = observed.shape[1]
        self.register_buffer("room", counts.clamp(max=LABELS_HELD), persistent=False)
        self.register_buffer("prior", counts[0] / counts.sum(dim=0).clamp(min=1), persistent=False)
        for sign in ("positives", "negatives"):
            self.register_buffer(sign, torch.full((LABELS_HELD, classes), float("nan")))
        self.register_buffer("upper", torch.full((classes,), float("inf")))
        self.register_buffer("lower", torch.full((classes,), float("-inf")))

    def remember(self, evidence: Tensor, labels: Tensor) -> None:
        """Take in the evidence (B, C) of the known among labels (B, C)."""
        self.positives.copy_(remember(self.positives, evidence, labels == 1, self.room[0]))
        self.negatives.copy_(remember(self.negatives, evidence, labels == -1, self.room[1]))

    def estimate(self) -> None:
        """Set `upper` and `lower` from what is remembered."""
        upper, lower = estimate_thresholds(
            self.positives, self.negatives, self.prior, self.precision, self.miss, FEWEST_KNOWN
        )
        self.upper.copy_(upper)
        self.lower.copy_(lower)
