"""The expected number of positives of an image: a penalty on it, and its estimate from observed labels."""

import torch
from torch import Tensor


def expected_positives_penalty(chance: Tensor, expected: float) -> Tensor:
    """EPR's regulariser (Cole et al., CVPR 2021) of chances (B, C): ((mean_b sum_c p - k)^2) / C^2."""
    images, classes = chance.shape
    return (chance.float().sum() / max(images, 1) - expected).square() / classes**2


def positives_per_image(observed: Tensor) -> float:
    """The mean number of positives of an image that observed labels (N, C) in {-1, 0, +1} speak for.

    A class counts with its share of positives among its known labels, which is unbiased where labels are hidden
    whatever they are. Where no negative of a class is known (single positive labels) that share would be 1, and its
    known positives over all N images are taken instead: a lower bound. Images without any known label do not count
    among the N: held-out ones look like that.
    """
    positives, negatives = ((observed == value).sum(dim=0).double() for value in (1, -1))
    labelled = (observed != 0).any(dim=1).sum().clamp(min=1)
    share = torch.where(negatives > 0, positives / (positives + negatives).clamp(min=1), positives / labelled)
    return float(share.sum())
