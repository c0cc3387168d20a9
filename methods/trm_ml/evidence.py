"""Evidence for categories: a region's similarity to prototypes of its own category and of others. [P]

The paper names the four similarities (intra-/inter-class, uni-/cross-modal); how they are mixed is ours. [U]
"""

from typing import Literal

import torch
from torch import Tensor

Modality = Literal["visual", "text", "both"]


def prototype_evidence(
    regions: Tensor,
    visual: Tensor,
    has_visual: Tensor,
    text: Tensor,
    negative: Tensor | None = None,
    has_negative: Tensor | None = None,
    *,
    modality: Modality = "both",
    inter: bool = True,
) -> Tensor:
    """sigma (B, C) = a - b, monotone in the likeness of a region to its own category's prototypes.

    a_ic: mean similarity of region (i, c) to the visual and the text prototype of c.
    b_ic: the largest of the same over all other categories (`inter`), and of the likeness to c's negative visual
    prototype, whose missing text half is c's own, so that like is compared with like.
    A category without a visual prototype is judged by texts alone; regions (B, C, D), all else (C, D), unit norm.
    """
    classes = len(text)
    to_text = torch.einsum("bcd,kd->bck", regions, text)
    to_visual = torch.einsum("bcd,kd->bck", regions, visual)
    match modality:
        case "text":
            mixed = to_text
        case "visual":
            mixed = to_visual
        case "both":
            mixed = (to_visual + to_text) / 2
    if modality != "text":
        absent = to_text.new_tensor(float("-inf"))
        mixed = torch.where(has_visual[None, :, None], torch.where(has_visual, mixed, absent), to_text)
    own = mixed.diagonal(dim1=1, dim2=2)
    against = []
    if inter and classes > 1:
        itself = torch.eye(classes, dtype=torch.bool, device=regions.device)
        rival = mixed.masked_fill(itself, float("-inf")).amax(dim=2)
        # The only category with a visual prototype has no rival.
        against.append(torch.where(rival.isinf(), 0.0, rival))
    if negative is not None and has_negative is not None and modality != "text":
        against_negative = torch.einsum("bcd,cd->bc", regions, negative)
        if modality == "both":
            against_negative = (against_negative + to_text.diagonal(dim1=1, dim2=2)) / 2
        against.append(torch.where(has_negative & has_visual, against_negative, float("-inf")))
    if not against:
        return own
    worst = torch.stack(against).amax(dim=0)
    return own - torch.where(worst.isinf(), 0.0, worst)
