"""Geometry and colour with a magnitude: the operations of AutoAugment and RandAugment, and random crops and holes.

Numbers are those of public code: AutoAugment as DeepVoltaire ported it (the `randaugment` package, TaI-DPT) and its
relative in FixMatch (used by SCPNet). Randomness comes from the given generator alone.
"""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from bench.features.augmentation.base import Step

GREY = (128, 128, 128)
LEVELS = 10
"""Magnitudes are given as 0..9 of a range."""

RANGES: dict[str, np.ndarray] = {
    "shear_x": np.linspace(0, 0.3, LEVELS),
    "shear_y": np.linspace(0, 0.3, LEVELS),
    "translate_x": np.linspace(0, 150 / 331, LEVELS),
    "translate_y": np.linspace(0, 150 / 331, LEVELS),
    "rotate": np.linspace(0, 30, LEVELS),
    "color": np.linspace(0, 0.9, LEVELS),
    "contrast": np.linspace(0, 0.9, LEVELS),
    "sharpness": np.linspace(0, 0.9, LEVELS),
    "brightness": np.linspace(0, 0.9, LEVELS),
    "posterize": np.round(np.linspace(8, 4, LEVELS)),
    "solarize": np.linspace(256, 0, LEVELS),
    "cutout": np.round(np.linspace(0, 20, LEVELS)),
    "autocontrast": np.zeros(LEVELS),
    "equalize": np.zeros(LEVELS),
    "invert": np.zeros(LEVELS),
}
"""What a level means: shares of a side, degrees, factors' distance from 1, bits kept, thresholds, pixels."""

SIGNED = {"shear_x", "shear_y", "translate_x", "translate_y", "color", "contrast", "sharpness", "brightness"}
"""Operations that go either way with equal chance; rotation does not, in the code that everybody uses."""

ENHANCERS: dict[str, Callable[[Image.Image], ImageEnhance._Enhance]] = {
    "color": ImageEnhance.Color,
    "contrast": ImageEnhance.Contrast,
    "sharpness": ImageEnhance.Sharpness,
    "brightness": ImageEnhance.Brightness,
}


def operate(image: Image.Image, operation: str, level: int, rng: np.random.Generator) -> Image.Image:
    """`operation` at `level` 0..9, in AutoAugment's ranges."""
    magnitude = float(RANGES[operation][level])
    if operation in SIGNED and rng.random() < 0.5:
        magnitude = -magnitude
    if operation in ENHANCERS:
        return ENHANCERS[operation](image).enhance(1 + magnitude)
    if operation == "cutout":
        return hole(image, magnitude, magnitude, (125, 122, 113), rng)
    return transformed(image, operation, magnitude, fill=GREY)


def transformed(image: Image.Image, operation: str, value: float, fill: tuple[int, int, int]) -> Image.Image:
    """Geometry and tone curves, which take no random number."""
    width, height = image.size
    bicubic, nearest = Image.Resampling.BICUBIC, Image.Resampling.NEAREST
    match operation:
        case "shear_x":
            return _affine(image, (1, value, 0, 0, 1, 0), bicubic, fill)
        case "shear_y":
            return _affine(image, (1, 0, 0, value, 1, 0), bicubic, fill)
        case "translate_x":
            return _affine(image, (1, 0, value * width, 0, 1, 0), nearest, fill)
        case "translate_y":
            return _affine(image, (1, 0, 0, 0, 1, value * height), nearest, fill)
        case "rotate":
            return image.rotate(value, fillcolor=fill)
        case "posterize":
            return ImageOps.posterize(image, int(value))
        case "solarize":
            return ImageOps.solarize(image, value)  # type: ignore[arg-type] # a float compares as well
        case "autocontrast":
            return ImageOps.autocontrast(image)
        case "equalize":
            return ImageOps.equalize(image)
        case "invert":
            return ImageOps.invert(image)
    raise ValueError(f"unknown operation {operation!r}")


def _affine(image: Image.Image, matrix: tuple[float, ...], resample: int, fill: tuple[int, int, int]) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, matrix, resample, fillcolor=fill)


def hole(
    image: Image.Image, width: float, height: float, colour: tuple[int, int, int], rng: np.random.Generator
) -> Image.Image:
    """A rectangle of `width` x `height` pixels painted over a random centre; the image's border cuts it off."""
    x, y = int(rng.integers(image.width)), int(rng.integers(image.height))
    left, top = max(0, x - int(width) // 2), max(0, y - int(height) // 2)
    right, bottom = min(image.width, x + int(width) // 2), min(image.height, y + int(height) // 2)
    painted = image.copy()
    if right > left and bottom > top:
        ImageDraw.Draw(painted).rectangle((left, top, right - 1, bottom - 1), fill=colour)
    return painted


def cutout_share(share: float) -> Step:
    """CutoutPIL: one hole with sides of `share` of the image's, in one random colour."""

    def step(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        width, height = (int(share * side + 0.5) for side in image.size)
        return hole(image, width, height, (red, green, blue), rng)

    return step


def flip(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Mirrored with probability 1/2."""
    return ImageOps.mirror(image) if rng.random() < 0.5 else image


def random_crop(smallest: float, largest: float = 1.0) -> Step:
    """A box of a random share of the area and a log-uniform aspect ratio of 3/4 to 4/3.

    As torchvision's RandomResizedCrop draws it: ten tries; then the largest centred box of an allowed ratio.
    """

    def step(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        for _ in range(10):
            area = image.width * image.height * rng.uniform(smallest, largest)
            ratio = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
            width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < width <= image.width and 0 < height <= image.height:
                left = int(rng.integers(image.width - width + 1))
                top = int(rng.integers(image.height - height + 1))
                return image.crop((left, top, left + width, top + height))
        width = min(image.width, round(image.height * 4 / 3))
        height = min(image.height, round(image.width * 4 / 3))
        left, top = (image.width - width) // 2, (image.height - height) // 2
        return image.crop((left, top, left + width, top + height))

    return step


def crop_of_sizes(*shares: float) -> Step:
    """A box with one of these shares of both sides, anywhere."""

    def step(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        share = shares[rng.integers(len(shares))]
        width, height = (max(1, round(share * side)) for side in image.size)
        left = int(rng.integers(image.width - width + 1))
        top = int(rng.integers(image.height - height + 1))
        return image.crop((left, top, left + width, top + height))

    return step
