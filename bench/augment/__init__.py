"""Augmentations: named, versioned, pure functions of an image and a random generator."""

from bench.augment.base import AUGMENTATIONS, Augmentation

__all__ = ["AUGMENTATIONS", "Augmentation"]
