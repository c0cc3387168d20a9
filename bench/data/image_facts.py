"""Facts about a decoded image: its size, how its file stores colours, and perceptual hashes of it and two crops."""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image

STORED = {
    "colour": "stored in colour",
    "grey": "stored in grey, given to encoders as three equal channels",
    "equal": "stored in colour with three equal channels, in fact grey",
    "palette": "stored with a palette, from which the colours are looked up",
    "alpha": "stored with transparency, which is dropped (the colours under it are used)",
    "cmyk": "stored as CMYK, which Pillow converts without a colour profile",
}
"""How a file stores colours, as the end of "1 image is ..."."""

CROPS = (1.0, 0.94, 0.88)
"""Sides, around the centre, of what is hashed: a narrow border may be cut off or added in another copy."""

SMALL_SIDE, WAVES, FINE_SIDE = 64, 16, 128
BITS = WAVES * WAVES - 1
HASH_BYTES = len(CROPS) * (BITS + 1) // 8
EVEN = 1.0
"""Standard deviation, in 256 grey levels, below which an image shows one even tone and has no hash."""

_COSINES = np.array(
    [[math.cos(math.pi * wave * (2 * x + 1) / (2 * SMALL_SIDE)) for x in range(SMALL_SIDE)] for wave in range(WAVES)],
    np.float32,
)


class ImageFacts(NamedTuple):
    """In pixels, as the file stores them. hashes: `perceptual_hashes`, None of an image of one even tone."""

    width: int
    height: int
    stored: str
    hashes: bytes | None

    @property
    def size(self) -> str:
        return f"{self.width} x {self.height}"

    @property
    def shorter(self) -> int:
        return min(self.width, self.height)

    @property
    def squash(self) -> float:
        """How many times as long as the shorter side the longer one is."""
        return max(self.width, self.height) / self.shorter


def image_facts(pixels: Image.Image, storage: str) -> ImageFacts:
    """pixels: the image as RGB; storage: `storage_of` its file."""
    equal = storage == "colour" and has_equal_channels(pixels)
    return ImageFacts(*pixels.size, "equal" if equal else storage, perceptual_hashes(pixels))


def storage_of(image: Image.Image) -> str:
    """How the opened file stores colours: one of STORED, but never `equal`, for which pixels must be looked at."""
    if image.mode == "CMYK":
        return "cmyk"
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return "alpha"
    if image.mode == "P":
        return "palette"
    return "grey" if image.mode in ("1", "L") or image.mode.startswith("I") else "colour"


def has_equal_channels(pixels: Image.Image) -> bool:
    """Whether red, green and blue of an RGB image are the same everywhere."""
    sample = pixels.resize((16, 16), Image.Resampling.NEAREST)  # settles nearly all
    return all((part[..., :1] == part).all() for part in (np.asarray(image) for image in (sample, pixels)))


def perceptual_hashes(pixels: Image.Image) -> bytes | None:
    """256 bits for each of CROPS: which of the 16 x 16 lowest frequencies of the grey image are above their median.

    The first bit, of the mean, is left 0. Size, compression, brightness and contrast change few of the bits. None for
    an image of one even tone, of which they would be noise.
    """
    grey = pixels.convert("L").resize((FINE_SIDE, FINE_SIDE), Image.Resampling.BOX)
    if float(np.asarray(grey).std()) < EVEN:
        return None
    return b"".join(_hash(grey, (1 - crop) / 2 * FINE_SIDE) for crop in CROPS)


def _hash(grey: Image.Image, margin: float) -> bytes:
    box = (margin, margin, FINE_SIDE - margin, FINE_SIDE - margin)
    small = np.asarray(grey.resize((SMALL_SIDE, SMALL_SIDE), Image.Resampling.BILINEAR, box=box), np.float32)
    waves = (_COSINES @ small @ _COSINES.T).ravel()[1:]
    return np.packbits(np.concatenate([[False], waves > np.median(waves)])).tobytes()
