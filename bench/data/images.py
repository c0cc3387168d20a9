"""Image files, opened on access: the one place where a file's bytes become an RGB image."""

import functools
import hashlib
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from PIL import Image, ImageFile

from bench.data.decode import jpeg_pixels, to_rgb
from bench.data.paths import alike
from bench.errors import DataError

_ZEROS = bytes(64)
"""A file that ends like this instead of with a JPEG's end marker was given its size but never its content."""

# Pillow refuses twice as many pixels, with an error; a photo below that is none of its bombs.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class ImageFiles(Sequence[Image.Image]):
    """The images at `paths`, decoded at every access; a slice is again an `ImageFiles`.

    find_digests: gives the SHA-256 of each file, where they are cached; else the files are read.
    """

    def __init__(self, paths: Sequence[Path], find_digests: Callable[[], Sequence[bytes]] | None = None):
        self.paths = paths
        self._find_digests = find_digests or (lambda: [digest_of(path) for path in paths])

    @functools.cached_property
    def digests(self) -> Sequence[bytes]:
        """The SHA-256 of each file. Once they are known, a file with another content is refused."""
        return self._find_digests()

    @property
    def content(self) -> str:
        """A hash of all bytes of all files, in their order."""
        return hashlib.sha256(b"".join(self.digests)).hexdigest()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(self.paths[index], lambda: self.digests[index])
        path = self.paths[index]
        content = content_of(path)
        if "digests" in self.__dict__ and hashlib.sha256(content).digest() != self.digests[index]:
            raise DataError(f"the image {path} has changed since this command began; run it again.")
        return pixels_of(path, content)


def content_of(path: Path) -> bytes:
    """All bytes of an image file; DataError with one sentence if it is missing or cannot be read."""
    try:
        if path.is_file():  # opening a pipe would block
            return path.read_bytes()
    except OSError as error:
        raise DataError(f"the image {path} cannot be read ({error.strerror}); fetch that file again.") from None
    near = alike(path)
    advice = (
        f"complete the folder {path.parent}." if near is None else f"{near} is there: rename it, or list that name."
    )
    raise DataError(f"the image {path} is missing; {advice}")


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file; of a file that is not there, zeros."""
    try:
        return hashlib.sha256(content_of(path)).digest()
    except DataError:
        return bytes(32)


def pixels_of(path: Path, content: bytes) -> Image.Image:
    """The content of the file at `path` as an RGB image; DataError with one sentence if it is damaged or cut off."""
    try:
        return decode(content)
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


class NoImages(Sequence[Image.Image]):
    """As many images as there are, none of which can be seen. reason: the sentence for who asks for one.

    content: the hash of the image files, as `ImageFiles` has it; None of drawn ones.
    """

    def __init__(self, count: int, reason: str, content: str | None = None):
        self._count, self._reason, self.content = count, reason, content

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> NoReturn:
        raise DataError(self._reason)
