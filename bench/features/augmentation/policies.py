"""Policies that draw operations: RandAugment in its two public forms, and the policy list of TaI-DPT."""

import csv
import functools
from importlib import resources

import numpy as np
from PIL import Image

from bench.features.augmentation.operations import ENHANCERS, RANGES, hole, operate, transformed

Rule = tuple[str, float, int]
"""An operation, its chance and its level."""


def rand_augment(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The `randaugment` package without arguments (ASL, DualCoOp): two of 15 operations, levels 1 to 9, chance 1/2."""
    names = sorted(RANGES)
    for _ in range(2):
        operation, level, happens = names[rng.integers(len(names))], int(rng.integers(1, 10)), rng.random() < 0.5
        if happens:
            image = operate(image, operation, level, rng)
    return image


def mlc_policy(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """One of the pairs of operations that AutoAugment found on ImageNet and CIFAR-10, as TaI-DPT joins them."""
    pairs = mlc_rules()
    for operation, chance, level in pairs[rng.integers(len(pairs))]:
        if rng.random() < chance:
            image = operate(image, operation, level, rng)
    return image


@functools.cache
def mlc_rules() -> tuple[tuple[Rule, Rule], ...]:
    """The list in mlc_policy.csv; repeated lines are repeated in the source too."""
    text = resources.files("bench.features.augmentation").joinpath("mlc_policy.csv").read_text()
    rows = list(csv.reader(text.splitlines()))[1:]
    return tuple(((a, float(p), int(i)), (b, float(q), int(j))) for a, p, i, b, q, j in rows)


FIXMATCH = {
    "autocontrast": (0.0, 1.0),
    "brightness": (0.05, 0.95),
    "color": (0.05, 0.95),
    "contrast": (0.05, 0.95),
    "equalize": (0.0, 1.0),
    "identity": (0.0, 1.0),
    "posterize": (4.0, 8.0),
    "rotate": (-30.0, 30.0),
    "sharpness": (0.05, 0.95),
    "shear_x": (-0.3, 0.3),
    "shear_y": (-0.3, 0.3),
    "solarize": (0.0, 256.0),
    "translate_x": (-0.3, 0.3),
    "translate_y": (-0.3, 0.3),
}
"""FixMatch's operations with the ranges that values are drawn from; enhancers take the value as their factor."""


def fixmatch_augment(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """RandAugment(3, 5) of SCPNet: three operations, values uniform in their ranges, then a square hole.

    The 5 is ignored there too. The hole's side is a uniform share of up to half the image's width.
    """
    names = list(FIXMATCH)
    for _ in range(3):
        operation = names[rng.integers(len(names))]
        value = float(rng.uniform(*FIXMATCH[operation]))
        if operation in ENHANCERS:
            image = ENHANCERS[operation](image).enhance(value)
        elif operation != "identity":
            image = transformed(image, operation, value, fill=(0, 0, 0))
    side = rng.uniform(0, 0.5) * image.width
    return hole(image, side, side, (125, 123, 114), rng)
