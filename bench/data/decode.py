"""From a file's bytes to RGB pixels: as Pillow gives them, and as fast as the installed libraries allow.

torchvision reads ordinary JPEGs faster than Pillow does and, both being built on libjpeg-turbo, to the very same
pixels; it also refuses the same damaged files, where OpenCV, faster still, returns grey areas without an error
(benchmarks/decode.py measures all three). Pillow reads everything else.
"""

import functools
import importlib.util
import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from bench.system.cores import cores

MOST_THREADS = 16

_SEQUENTIAL, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame header; the three others in the range are tables."""


_SIXTEEN_BITS = ("PNG", "PPM")
"""Formats of which Pillow gives 16 bits a channel as 32-bit integers."""


def jpeg_pixels(content: bytes) -> np.ndarray | None:
    """uint8 (H, W, 3) RGB of a sound, ordinary JPEG; None for anything else, which Pillow decodes.

    EXIF rotation is not applied: the papers' loaders do not, and the boxes in the annotations would not fit.
    """
    return _decoder()(content) if is_ordinary_jpeg(content) else None


def strict_jpeg_pixels(content: bytes) -> tuple[np.ndarray | None, str]:
    """Pixels of an ordinary JPEG that libjpeg finds nothing wrong in; else None, and what it finds ("" if unknown).

    Pillow and torchvision ignore such a fault silently. Nothing is known of other files and without simplejpeg; a fault
    after which the data are valid again is not found.
    """
    if not is_ordinary_jpeg(content):
        return None, ""
    try:
        import simplejpeg
    except ImportError:
        return None, ""
    try:
        return simplejpeg.decode_jpeg(content, colorspace="RGB", strict=True), ""
    except ValueError as error:
        return None, str(error) or "it is damaged"


def jpeg_fault_is_known() -> bool:
    """Whether the library that finds faults is installed."""
    return importlib.util.find_spec("simplejpeg") is not None


def is_ordinary_jpeg(content: bytes) -> bool:
    """Whether this is a Huffman-coded JPEG of 8 bits with one or three components that ends with its end marker.

    CMYK, where libraries disagree, files that are cut off, and more pixels than Pillow allows are not ordinary.
    """
    if not (content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9")):
        return False
    place = 2
    while place + 9 < len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _FRAMES:
            known = marker in (_SEQUENTIAL, _EXTENDED, _PROGRESSIVE)
            height, width = (int.from_bytes(content[place + at : place + at + 2]) for at in (5, 7))
            small = height * width <= 2 * (Image.MAX_IMAGE_PIXELS or math.inf)
            return known and small and content[place + 4] == 8 and content[place + 9] in (1, 3)
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return False


def decoding_threads() -> int:
    """One a core that this process may use: Pillow, torchvision and OpenCV decode outside Python's lock."""
    return min(MOST_THREADS, cores())


@functools.cache
def _decoder() -> Callable[[bytes], np.ndarray | None]:
    """torchvision's, which takes a second to import; one that decodes nothing where it was built without libjpeg."""
    try:
        import torch
        from torchvision.io import ImageReadMode, decode_jpeg
    except (ImportError, OSError):
        return lambda content: None

    def decode(content: bytes) -> np.ndarray | None:
        try:
            encoded = torch.from_numpy(np.frombuffer(content, np.uint8).copy())  # torch needs a writable buffer
            return decode_jpeg(encoded, mode=ImageReadMode.RGB).permute(1, 2, 0).numpy()
        except RuntimeError:  # damaged, or built without libjpeg
            return None

    return decode


def to_rgb(image: Image.Image) -> Image.Image:
    """An opened image as RGB; of 16 bits a channel the upper eight are kept, where Pillow cuts off at 255.

    Transparency is dropped, not blended, as in the papers' loaders; of several frames the first is taken. Nothing says
    which numbers are black and white in 32 bits a channel: OSError.
    """
    if image.mode == "F" or (image.mode == "I" and image.format not in _SIXTEEN_BITS):
        raise OSError("its pixels have 32 bits a channel, and nothing says which value is white; save it with 8 or 16")
    if image.mode.startswith("I"):
        grey = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")  # the same pixels without Pillow's warning
    return image.convert("RGB")
