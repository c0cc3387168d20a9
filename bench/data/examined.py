"""Examination of one image file: the hash of its bytes, whether its pixels can be read, and what is unusual."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bench.data.decode import jpeg_fault
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
    """digest: SHA-256 of the bytes. problem, remarks: known once `decoded`; "" and () of an ordinary image."""

    digest: bytes
    decoded: bool = False
    problem: str = ""
    remarks: tuple[str, ...] = ()


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
        return Examined(digest, True, remarks=tuple(remarks(path, content)))
    except DataError as error:
        return Examined(digest, True, str(error))


def remarks(path: Path, content: bytes) -> Iterator[str]:
    """DataError if the pixels cannot be read."""
    fault = jpeg_fault(content)
    if fault != "":  # else all pixels have just been read
        pixels_of(path, content)
    with Image.open(io.BytesIO(content)) as image:
        if image.getexif().get(ORIENTATION, UPRIGHT) != UPRIGHT:
            yield "turned"
        if getattr(image, "n_frames", 1) > 1:
            yield "frames"
    if fault:
        yield "faulty"
