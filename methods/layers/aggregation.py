"""Pooling of similarities over positions to one logit a class, as all text-pixel methods do.

Shapes: B images, T tokens (positions), C classes, D dimensions.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def cosine_map(tokens: Tensor, text: Tensor) -> Tensor:
    """Cosine similarities (..., C) of tokens (..., D) and text features (C, D); neither needs to be normalised.

    In float32 also under autocast: a bfloat16 cosine has two or three digits, and a scale of up to 100 follows.
    """
    with torch.autocast(tokens.device.type, enabled=False):
        return F.normalize(tokens.float(), dim=-1) @ F.normalize(text.float(), dim=-1).T


def spatial_softmax(guide: Tensor, *maps: Tensor) -> tuple[Tensor, ...]:
    """For each map (B, T, C) its mean over T, (B, C), weighted by the softmax of `guide` (B, T, C) over T.

    One set of weights for all maps: DualCoOp pools its negative map where the positive one looks.
    """
    weights = guide.float().softmax(dim=1)
    return tuple((weights * values.float()).sum(dim=1) for values in maps)


def spatial_weights(guide: Tensor) -> Tensor:
    """The weights (B, C, T) with which `spatial_softmax` averages by a guide (B, T, C); rows sum to 1."""
    return guide.float().softmax(dim=1).mT


def without_mean_token(weights: Tensor) -> Tensor:
    """Weights (B, C, HW) of weights (B, C, 1 + HW) over the tokens of `with_mean_token`.

    What the mean token has is shared out evenly: it is the mean of all positions, so rows still sum to 1 and no
    position gains on another.
    """
    mean, own = weights[..., :1], weights[..., 1:]
    return own + mean / own.shape[-1]


def with_mean_token(dense: Tensor, position: Tensor) -> Tensor:
    """Tokens (B, 1 + HW, D): the mean of the dense tokens (B, HW, D) in front, `position` (1 + HW, D) added.

    CLIP's attention pool prepends the spatial mean and adds positions before its linear value path. A linear map
    commutes with the mean and the sum, so the projected tokens and the projected positions give the same.
    """
    return torch.cat([dense.mean(dim=1, keepdim=True), dense], dim=1) + position
