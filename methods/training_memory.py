"""Memory in training by the sizes of the data, for plans: what grows beyond a usual worker's, as methods declare it."""

from typing import NamedTuple

PROMPT_BYTES = 9_000_000
"""Activations that a prompt of 21 tokens keeps in the text tower of RN101, whose joint space has 512 dimensions."""

MOST_OF_PROMPTS = 9 * 2**28
"""Above it, towers compute activations again (`bench.backbones.chunks`)."""


class Sizes(NamedTuple):
    """Training and test images, classes, and an image's tokens and their dimensions."""

    train_images: int
    test_images: int
    classes: int
    tokens: int
    dim: int


def prompt_memory(count: int, dim: int) -> int:
    """Activations of `count` prompts in a text tower, taken to be as much narrower than RN101's as its joint space."""
    return min(count * PROMPT_BYTES * dim // 512, MOST_OF_PROMPTS)


def trained_memory(numbers: int, optimizer: str, ema: float) -> int:
    """Trained float32 numbers: themselves, their gradient, the optimiser's one or two states, and their average."""
    return 4 * numbers * (2 + (1 if optimizer == "sgd" else 2) + (ema > 0))
