"""Drawn pictures with the smooth tones of photographs, and what people do to copies of them."""

import io
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageEnhance, ImageOps


def drawn_photo(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Tones of all scales, no two seeds alike."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((size[1], size[0], 3))
    for cells, weight in ((3, 60), (8, 40), (20, 20)):
        tones = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        pixels += weight / 120 * np.asarray(tones.resize(size, Image.Resampling.BICUBIC), float)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _compressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    return Image.open(file).convert("RGB")


COPIED: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "compressed": _compressed,
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "cropped": lambda image: ImageOps.crop(image, 5).resize(image.size),
    "framed": lambda image: ImageOps.expand(image, 6, "black"),
}
