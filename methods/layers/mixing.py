"""Mixed images, made of features instead of pixels: mean tokens and mean pooled vectors are no image's."""

import torch
from torch import Tensor

from methods.base import Features


def mix_features(features: Features, partners: Tensor, weights: Tensor) -> Features:
    """For each of M new images the mean of K images of the batch: rows `partners` and their `weights`, (M, K) each."""
    mixed = []
    for part in features:
        total = torch.zeros(len(partners), *part.shape[1:], device=part.device)
        for rows, weight in zip(partners.T, weights.T, strict=True):
            total += weight.view(-1, *[1] * (part.dim() - 1)) * part[rows]
        mixed.append(total)
    return Features(*mixed)


def any_of_labels(labels: Tensor, partners: Tensor, used: Tensor) -> Tensor:
    """Labels (M, C) of images that are mixed of others with labels (B, C): rows `partners`, where `used`, (M, K) each.

    Positive where any is, negative where all are, otherwise unknown: OR with three values.
    """
    parts = torch.where(used[..., None], labels[partners], -1)
    return parts.amax(dim=1)
