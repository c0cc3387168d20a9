"""Augmentations: named, versioned, pure functions of an image and a random generator."""

from bench.features.augmentation.base import AUGMENTATIONS, Augmentation

__all__ = ["AUGMENTATIONS", "Augmentation"]
