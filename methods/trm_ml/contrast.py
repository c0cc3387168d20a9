"""Multimodal multi-label contrast of features with each other and with the memory of prototypes and texts. [P][T]

The paper says what is drawn together (intra-class) and pushed apart (inter-class) across both modalities, the patent
that visual and text prototypes take part and that other classes are pushed "moderately" apart. The form is the
label-level supervised contrast of the first author's SADCL. [A] What makes it moderate is [U].
"""

import math

import torch
from torch import Tensor

NO_MARGIN = -1.0
"""The smallest cosine: with it as the margin every element of another class is pushed away."""


def gather_elements(
    features: Tensor, labels: Tensor, text: Tensor, visual: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """The set Z and its classes: features of positives, texts or text prototypes, and the memory's visual elements.

    Features (B, C, D), labels (B, C), text (C, D), visual: elements (K, D) and their classes (K,) -> elements (M, D)
    and classes int64 (M,).
    """
    image, positive = (labels == 1).nonzero(as_tuple=True)
    every = torch.arange(len(text), device=text.device)
    elements, classes = [features[image, positive], text], [positive, every]
    if visual is not None:
        elements.append(visual[0])
        classes.append(visual[1])
    return torch.cat(elements), torch.cat(classes)


def contrastive_loss(
    elements: Tensor,
    classes: Tensor,
    temperature: float,
    *,
    negative_weight: float = 1.0,
    margin: float = NO_MARGIN,
) -> Tensor:
    """Supervised contrast of elements (M, D), of unit norm, with classes (M,): a scalar, 0 where nothing pairs up.

    mean over anchors i that have a partner of -1/|P(i)| sum_{p in P(i)} log(exp(s_ip) / sum_{a != i} w_ia exp(s_ia)),
    s_ia = <z_i, z_a> / tau, P(i) the other elements of i's class; w_ia is 1 within a class, and across classes
    negative_weight where <z_i, z_a> > margin, else 0.
    """
    itself = torch.eye(len(elements), dtype=torch.bool, device=elements.device)
    same = classes[:, None] == classes[None]
    partner = same & ~itself
    cosine = elements @ elements.T
    similarity = (cosine / temperature).masked_fill(itself, float("-inf"))
    if negative_weight != 1.0:
        log_weight = math.log(negative_weight) if negative_weight else float("-inf")
        similarity = torch.where(same, similarity, similarity + log_weight)
    if margin > NO_MARGIN:
        similarity = similarity.masked_fill(~same & (cosine <= margin), float("-inf"))
    (paired,) = partner.any(dim=1).nonzero(as_tuple=True)  # once: a GPU waits each time that a mask is an index
    if not len(paired):
        return elements.sum() * 0.0
    partner = partner[paired]
    log_share = similarity[paired].log_softmax(dim=1).masked_fill(~partner, 0.0)
    return -(log_share.sum(dim=1) / partner.sum(dim=1)).mean()
