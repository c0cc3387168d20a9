"""Multimodal multi-label contrast of regions, prototypes and texts. [P]

The paper says what is drawn together (intra-class) and pushed apart (inter-class) across both modalities; the form is
the label-level supervised contrast of the first author's SADCL. [A]
"""

import torch
from torch import Tensor


def gather_elements(
    regions: Tensor, labels: Tensor, text: Tensor, prototypes: Tensor | None = None, has_prototype: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The set Z and its classes: regions of positives, visual prototypes where `has_prototype`, and texts.

    Regions (B, C, D), labels (B, C), text and prototypes (C, D), has_prototype bool (C,) -> elements (M, D) and
    classes int64 (M,).
    """
    image, positive = (labels == 1).nonzero(as_tuple=True)
    every = torch.arange(len(text), device=text.device)
    elements, classes = [regions[image, positive], text], [positive, every]
    if prototypes is not None and has_prototype is not None:
        elements.append(prototypes[has_prototype])
        classes.append(every[has_prototype])
    return torch.cat(elements), torch.cat(classes)


def contrastive_loss(elements: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Supervised contrast of elements (M, D), of unit norm, with classes (M,): a scalar, 0 where nothing pairs up.

    mean over anchors i that have a partner of -1/|P(i)| sum_{p in P(i)} log softmax_{a != i}(<z_i, z_a> / tau)_p,
    with P(i) the other elements of i's class.
    """
    itself = torch.eye(len(elements), dtype=torch.bool, device=elements.device)
    partner = (classes[:, None] == classes[None]) & ~itself
    similarity = (elements @ elements.T / temperature).masked_fill(itself, float("-inf"))
    log_share = similarity.log_softmax(dim=1).masked_fill(~partner, 0.0)
    partners = partner.sum(dim=1)
    anchors = partners > 0
    if not anchors.any():
        return elements.sum() * 0.0
    return -(log_share.sum(dim=1)[anchors] / partners[anchors]).mean()
