"""Contract of augmentations: steps in order, each a pure function of an RGB image and a generator."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from PIL import Image

from bench.settings.config import NoOptions
from bench.settings.registry import Registry

AUGMENTATIONS: Registry[type["Augmentation"]] = Registry("augmentation", packages=("bench.features.augmentation",))

Step = Callable[[Image.Image, np.random.Generator], Image.Image]


class Augmentation:
    """Base of all augmentations; called with an RGB image and a generator, it gives a new RGB image.

    The image is then squashed to the encoder's square, so a crop is not resized here: it is sampled once, not twice.
    squashed: the source resizes before it augments (what shears and rotates then differs for images that are no square,
    and holes that are given in pixels have another size); the caller squashes first where this is set.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type] = NoOptions
    squashed: ClassVar[bool] = False
    steps: ClassVar[tuple[Step, ...]] = ()

    def __call__(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        for step in self.steps:
            image = step(image, rng)
        return image


AUGMENTATIONS.base = Augmentation
