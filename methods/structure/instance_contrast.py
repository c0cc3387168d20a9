"""Instance contrast: a class's features alike in images that show it, and apart in all others."""

import torch
from torch import Tensor
from torch.nn import functional as F


def instance_contrast(features: Tensor, labels: Tensor) -> Tensor:
    """One scalar from features f (B, C, F) and labels (B, C), over all pairs of images and each class of its own.

    Both known positive: 1 - cos(f, f'). One positive and one negative, or both negative: 1 + cos(f, f'). Unknown ones
    take no part. With P pairs of positives, of each of the two other groups 2 P pairs drawn at random and the P with
    the largest cosines count; without any, all do. The mean over what counts (HCP's code for SST, SARB and HST).

    The drawn pairs are replaced by what they come to on average: all n pairs of their group, each with weight
    min(2 P, n) / n. That has no noise, and does not depend on the order of images or classes.
    """
    with torch.autocast(features.device.type, enabled=False):
        by_class = F.normalize(features.float(), dim=-1, eps=1e-9).transpose(0, 1)  # (C, B, F)
        cosine = by_class @ by_class.mT
        groups = pair_groups(labels)
        together, count = (1 - cosine)[groups[0]], groups[0].sum()
        terms, counts = [together.sum()], [count]
        for group in groups[1:]:
            apart = (1 + cosine)[group]
            total, size = subsampled(apart, len(together))
            terms.append(total)
            counts.append(torch.as_tensor(size, device=count.device))
        return torch.stack(terms).sum() / torch.stack(counts).sum().clamp(min=1)


def pair_groups(labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """bool (C, B, B), for pairs of images b < b': both positive, one positive and one negative, both negative."""
    signs = labels.T
    positive, negative = signs > 0, signs < 0
    first = torch.ones(len(labels), len(labels), dtype=torch.bool, device=labels.device).triu(diagonal=1)
    both = positive[:, :, None] & positive[:, None]
    mixed = (positive[:, :, None] & negative[:, None]) | (negative[:, :, None] & positive[:, None])
    neither = negative[:, :, None] & negative[:, None]
    return both & first, mixed & first, neither & first


def subsampled(losses: Tensor, positives: int) -> tuple[Tensor, float]:
    """The sum of losses (n,) that count beside `positives` pairs, and how many these are.

    Without positives: all. Else min(2 P, n) drawn ones, on average, and the min(P, n) largest.
    """
    size = len(losses)
    if not positives or not size:
        return losses.sum(), size
    drawn, hardest = min(2 * positives, size), min(positives, size)
    return drawn / size * losses.sum() + losses.topk(hardest).values.sum(), drawn + hardest
