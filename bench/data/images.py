"""Image files, opened when asked for: the one place where a file's bytes become an RGB image."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from bench.data.decode import jpeg_pixels, to_rgb
from bench.errors import DataError

_ZEROS = bytes(64)
"""A file that ends like this instead of with a JPEG's end marker was given its size but never its content."""


class ImageFiles(Sequence[Image.Image]):
    """The images at `paths`, decoded at every access; a slice is again an `ImageFiles`.

    `read` decodes one file; a faster decoder overrides it and raises the same DataErrors.
    """

    def __init__(self, paths: Sequence[Path]):
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Any:
        return type(self)(self.paths[index]) if isinstance(index, slice) else self.read(self.paths[index])

    def read(self, path: Path) -> Image.Image:
        """The file as an RGB image; DataError with one sentence if it is missing, damaged or cut off."""
        try:
            return decode(path.read_bytes())
        except FileNotFoundError:
            raise DataError(f"the image {path} is missing; complete the folder {path.parent}.") from None
        except Exception as error:  # a damaged file makes PIL raise nearly anything
            raise DataError(f"the image {path} cannot be read ({error}); fetch that file again.") from None


def decode(content: bytes) -> Image.Image:
    """All pixels of an image file's content as RGB; an error if they are not all there.

    EXIF rotation is not applied, as in the papers' loaders.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # other libraries turn it on for the whole process
    if (
        content[:2] == b"\xff\xd8"
        and content.endswith(_ZEROS)
        and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda")
    ):
        raise OSError("it ends in zeros where image data should be")
    pixels = jpeg_pixels(content)
    if pixels is not None:
        return Image.fromarray(pixels)
    try:
        with Image.open(io.BytesIO(content)) as image:
            return to_rgb(image)
    except Image.UnidentifiedImageError:
        raise OSError("it is no image" if content else "it is empty") from None
