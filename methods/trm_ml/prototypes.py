"""Multimodal category prototypes: moving averages of what known labels have shown. [P][T]

That a visual and a text prototype exist for each category is [P], that they are a memory block of the contrast [T]; a
negative visual one and the momentum are [A].
Known labels alone move a visual prototype, so that no pseudo-label can confirm itself. [R: HST, SST]
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@torch.no_grad()
def update_prototypes(
    prototypes: Tensor, updates: Tensor, features: Tensor, chosen: Tensor, momentum: float
) -> tuple[Tensor, Tensor]:
    """Prototypes (C, D) of unit norm and their counts of `updates` (C,), after features (B, C, D).

    P <- unit(m P + (1 - m) unit(mean of the features that are `chosen`, bool (B, C))), with m = n / (n + 1) until that
    reaches `momentum`: a plain mean at first, so that a rare class does not stay at its first sight. [U]
    """
    present = chosen.any(dim=0)
    mean = F.normalize(torch.einsum("bcd,bc->cd", features, chosen.to(features.dtype)), dim=-1)
    m = (updates / (updates + 1)).clamp(max=momentum)[:, None]
    moved = F.normalize(m * prototypes + (1 - m) * mean, dim=-1)
    return torch.where(present[:, None], moved, prototypes), updates + present


class Prototypes(nn.Module):
    """Buffers (C, D): visual prototypes `positive` and `negative` with their counts of updates (C,), and `text`.

    The text prototypes start at the template texts and follow the learned ones.
    """

    positive: Tensor
    positive_updates: Tensor
    negative: Tensor
    negative_updates: Tensor
    text: Tensor

    def __init__(self, template: Tensor, momentum: float):
        super().__init__()
        self.momentum = momentum
        for sign in ("positive", "negative"):
            self.register_buffer(sign, torch.zeros_like(template))
            self.register_buffer(f"{sign}_updates", torch.zeros(len(template), device=template.device))
        self.register_buffer("text", template.clone())

    @property
    def has_positive(self) -> Tensor:
        """bool (C,)."""
        return self.positive_updates > 0

    @property
    def has_negative(self) -> Tensor:
        """bool (C,)."""
        return self.negative_updates > 0

    def visual(self) -> tuple[Tensor, Tensor]:
        """What the memory holds of known positives: elements (M, D) of unit norm, and their classes (M,)."""
        (classes,) = self.has_positive.nonzero(as_tuple=True)
        return self.positive[classes], classes

    @torch.no_grad()
    def update(self, regions: Tensor, labels: Tensor, text: Tensor) -> None:
        """Regions (B, C, D) and text (C, D) of unit norm; labels (B, C)."""
        for prototypes, updates, label in (
            (self.positive, self.positive_updates, 1),
            (self.negative, self.negative_updates, -1),
        ):
            new, counts = update_prototypes(prototypes, updates, regions, labels == label, self.momentum)
            prototypes.copy_(new)
            updates.copy_(counts)
        self.text.copy_(F.normalize(self.momentum * self.text + (1 - self.momentum) * text, dim=-1))
