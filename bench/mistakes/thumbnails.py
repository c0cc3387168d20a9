"""Thumbnails of a page: as large as all of them together allow."""

import base64
import io
import math
from dataclasses import dataclass

from PIL import Image

LARGEST, SMALLEST = 224, 96
"""Pixels of a thumbnail's longer side."""

PAGE_PIXELS = 24_000_000
"""Of all thumbnails together, each counted as a square: some 5 MB of a page for photos, whatever is asked for."""

QUALITY = 70
"""Of the JPEG files; below it small photos show blocks."""


@dataclass(frozen=True)
class Thumbnail:
    """A small JPEG file and its size in pixels."""

    content: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        """The file inside a page."""
        return "data:image/jpeg;base64," + base64.b64encode(self.content).decode()


def side_of(count: int) -> int:
    """Pixels of the longer side of each of `count` thumbnails.

    >>> side_of(10), side_of(800), side_of(100_000)
    (224, 173, 96)
    """
    return int(min(LARGEST, max(SMALLEST, math.sqrt(PAGE_PIXELS / max(count, 1)))))


def thumbnail(image: Image.Image, side: int) -> Thumbnail:
    """The image in small; one that is small already keeps its size."""
    small, file = image.convert("RGB"), io.BytesIO()
    small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    small.save(file, "JPEG", quality=QUALITY)
    return Thumbnail(file.getvalue(), *small.size)
