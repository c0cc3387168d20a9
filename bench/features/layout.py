"""Layout of an entry of the feature cache on disk, and whether it is whole.

features/<key>/   about.json      what is encoded, in which shapes; written when the encoding begins
                  dense.npy       float16 (N, HW, D)   } filled chunk by chunk
                  pooled.npy      float32 (N, D)       }
                  chunks.jsonl    one line a finished chunk: the SHA-256 of its rows in both arrays
                  features.json   written last: its presence means that all chunks are there
                  checked.json    in which state the files were read and found sound, by machine
                  lock            held together by readers, alone by who encodes or removes
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import DataError
from bench.features.keys import FORMAT
from bench.records.component import Component
from bench.records.names import is_key, printable
from bench.records.paths import inside
from bench.system.cores import cores
from bench.system.files import read_json, read_json_lines
from bench.system.npy import npy_header

FEATURE_DTYPES: Mapping[str, Any] = {"dense": np.dtype("<f2"), "pooled": np.dtype("<f4")}
DIGEST_BLOCK = 2**22


@dataclass(frozen=True)
class Array:
    """One .npy file of N rows in C order; the header is the same bytes whenever it is made."""

    path: Path
    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def header(self) -> bytes:
        return npy_header(self.dtype, self.shape)

    @property
    def row_bytes(self) -> int:
        return self.dtype.itemsize * int(np.prod(self.shape[1:]))

    @property
    def whole_bytes(self) -> int:
        return len(self.header) + self.shape[0] * self.row_bytes

    def bytes_until(self, row: int) -> int:
        """Bytes from the file's start to the start of `row`."""
        return len(self.header) + row * self.row_bytes

    def digest(self, start: int, stop: int) -> str:
        """SHA-256 of rows start to stop as they are on disk; fewer bytes are hashed where the file is too short."""
        digest, left = hashlib.sha256(), (stop - start) * self.row_bytes
        with self.path.open("rb") as file:
            file.seek(self.bytes_until(start))
            while left and (block := file.read(min(DIGEST_BLOCK, left))):
                digest.update(block)
                left -= len(block)
        return digest.hexdigest()


@dataclass(frozen=True)
class Shape:
    """N images in chunks of `chunk`, HW tokens, D dims."""

    images: int
    tokens: int
    dim: int
    chunk: int

    def arrays(self, folder: Path) -> dict[str, Array]:
        shapes = {"dense": (self.images, self.tokens, self.dim), "pooled": (self.images, self.dim)}
        return {name: Array(folder / f"{name}.npy", FEATURE_DTYPES[name], shape) for name, shape in shapes.items()}

    @property
    def chunks(self) -> list[tuple[int, int]]:
        """(start, stop) rows of each chunk."""
        return [(start, min(start + self.chunk, self.images)) for start in range(0, self.images, self.chunk)]

    @property
    def bytes(self) -> int:
        """Size of both arrays on disk."""
        return sum(array.whole_bytes for array in self.arrays(Path()).values())


@dataclass(frozen=True)
class CacheEntry:
    """A folder of the cache by its key."""

    folder: Path

    @property
    def key(self) -> str:
        return self.folder.name

    @property
    def complete(self) -> bool:
        return (self.folder / "features.json").exists()

    @property
    def outdated(self) -> bool:
        """Whether another version of this program made it; such entries are never looked for."""
        try:
            return read_json(self.folder / "about.json")["format"] != FORMAT
        except FileNotFoundError:
            return self.complete
        except (OSError, ValueError, KeyError, TypeError):
            return False

    @property
    def about(self) -> dict[str, Any]:
        """The entry's description; DataError if it cannot be read."""
        try:
            about = printable(read_json(self.folder / "about.json"))
            Shape(**about["shape"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self.damaged(f"about.json: {error}") from None
        return about

    @property
    def shape(self) -> Shape:
        return Shape(**self.about["shape"])

    @property
    def digests(self) -> list[dict[str, str]]:
        """Of each finished chunk, {array: SHA-256}; a line cut off by a kill is left out."""
        return read_json_lines(self.folder / "chunks.jsonl")

    @property
    def images_done(self) -> int:
        """Images in finished chunks, without looking into them."""
        try:
            shape = self.shape
            return min(len(self.digests) * shape.chunk, shape.images)
        except (DataError, ValueError):
            return 0

    @property
    def bytes_on_disk(self) -> int:
        return sum(path.stat().st_size for path in self._files())

    @property
    def last_used(self) -> float:
        """Seconds since the epoch: when it was last opened or written."""
        return max((path.stat().st_mtime for path in (self.folder, *self._files())), default=0.0)

    def _files(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.is_file()] if self.folder.is_dir() else []

    def problems(self) -> Iterator[str]:
        """Problems of a complete entry, after reading all bytes again; empty if it is sound."""
        try:
            shape = self.shape
        except DataError as error:
            yield str(error)
            return
        try:
            digests = self.digests
            if not all(isinstance(digest, dict) for digest in digests):
                raise ValueError
        except (OSError, ValueError):
            yield "chunks.jsonl cannot be read"
            return
        if len(digests) != len(shape.chunks):
            yield f"chunks.jsonl lists {len(digests)} chunks instead of {len(shape.chunks)}"
            return
        for name, array in shape.arrays(self.folder).items():
            problem = self._wrong_file(array)
            if problem:
                yield f"{name}.npy {problem}"
                continue
            with ThreadPoolExecutor(cores()) as threads:  # hashing releases Python's lock
                actual = threads.map(lambda chunk, array=array: array.digest(*chunk), shape.chunks)
                for (start, stop), written, read in zip(shape.chunks, digests, actual, strict=True):
                    if read != written.get(name):
                        yield f"{name}.npy: the bytes of images {start} to {stop - 1} are not those that were written"

    def _wrong_file(self, array: Array) -> str:
        try:
            with array.path.open("rb") as file:
                header = file.read(len(array.header))
            size = array.path.stat().st_size
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        if size != array.whole_bytes:
            return f"holds {size} bytes instead of {array.whole_bytes}"
        return "" if header == array.header else "does not begin with its header"

    def damaged(self, problem: object) -> DataError:
        """The one sentence for an entry that cannot be used."""
        return DataError(
            f"the feature cache {self.folder} cannot be read ({problem}); remove it with "
            f"`bench cache rm {self.key}` and run again."
        )


def entries(cache: Path) -> list[CacheEntry]:
    """All entries of a cache by key, complete or not; other folders and links to other places are left out."""
    root = cache / "features"
    names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    return [CacheEntry(inside(root, name)) for name in names if is_key(name) and (root / name).is_dir()]


def known_shape(cache: Path, backbone: Component) -> tuple[int, int] | None:
    """Tokens of an image and their dimensions, from any features of this backbone in the cache."""
    for entry in entries(cache):
        with suppress(DataError):
            about = entry.about
            if (about.get("backbone"), about.get("backbone_options")) == (backbone.name, dict(backbone.options)):
                return entry.shape.tokens, entry.shape.dim
    return None


def journal_line(digests: Mapping[str, str]) -> bytes:
    return (json.dumps(digests) + "\n").encode()
