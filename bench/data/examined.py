"""Examination of one image file: the hash of its bytes, whether its pixels can be read, and what is unusual."""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bench.data.decode import strict_jpeg_pixels
from bench.data.image_facts import ImageFacts, image_facts, storage_of
from bench.data.images import content_of, pixels_of
from bench.errors import DataError

REMARKS = {
    "turned": "an EXIF orientation that is not applied, as in the papers' loaders",
    "frames": "more than one frame, of which the first is used",
    "faulty": "a fault inside the JPEG data, behind which pixels may be grey or shifted",
}
"""What is unusual about an image that can be read, as the end of "... images have ..."."""

NO_DIGEST = bytes(32)
"""In place of the hash of a file that is not there or cannot be read."""

ORIENTATION, UPRIGHT = 0x0112, 1
"""EXIF's tag, and its usual value."""


class Examined(NamedTuple):
    """digest: SHA-256 of the bytes. problem, remarks, facts: known once `decoded`.

    Of an ordinary image "", () and its facts; of one that cannot be read no facts.
    """

    digest: bytes
    decoded: bool = False
    problem: str = ""
    remarks: tuple[str, ...] = ()
    facts: ImageFacts | None = None


def examined(path: Path, decode: bool, before: Examined | None = None) -> Examined:
    """The file as it is now. before: what it held earlier; the pixels of equal bytes are not decoded again."""
    try:
        content = content_of(path)
        digest = hashlib.sha256(content).digest()
    except DataError as error:
        return Examined(NO_DIGEST, True, str(error))
    if before is not None and before.digest == digest and (before.decoded or not decode):
        return before
    if not decode:
        return Examined(digest)
    try:
        remarks, facts = look_into(path, content)
        return Examined(digest, True, "", remarks, facts)
    except DataError as error:
        return Examined(digest, True, str(error))


def look_into(path: Path, content: bytes) -> tuple[tuple[str, ...], ImageFacts]:
    """Remarks and facts of an image, decoded once; DataError if the pixels cannot be read."""
    pixels, fault = strict_jpeg_pixels(content)
    image = pixels_of(path, content) if pixels is None else Image.fromarray(pixels)
    with Image.open(io.BytesIO(content)) as file:
        unusual = {
            "turned": file.getexif().get(ORIENTATION, UPRIGHT) != UPRIGHT,
            "frames": getattr(file, "n_frames", 1) > 1,
            "faulty": bool(fault),
        }
        return tuple(name for name, applies in unusual.items() if applies), image_facts(image, storage_of(file))
