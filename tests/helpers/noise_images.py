"""Images of noise and what augmentations make of them; run as a script, the digest of it."""

import hashlib

import numpy as np
from PIL import Image

from bench.features.augmentation import AUGMENTATIONS
from bench.system.seeding import numpy_stream


def noise(width: int = 48, height: int = 36, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def rng(*axes: int) -> np.random.Generator:
    return numpy_stream("augment", "test", *axes)


def digest() -> str:
    """Of every augmentation's first images."""
    made = [AUGMENTATIONS.get(name)()(noise(), rng(i)) for name in AUGMENTATIONS.names() for i in range(4)]
    return hashlib.sha256(b"".join(image.tobytes() for image in made)).hexdigest()


if __name__ == "__main__":
    print(digest())  # noqa: T201 - what the parent process reads
