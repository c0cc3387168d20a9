"""Writing of an entry chunk by chunk; finished chunks survive the death of the process."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bench.errors import DataError
from bench.features.layout import Array, CacheEntry, Shape, journal_line
from bench.system.disk import FULL, DiskError
from bench.system.files import write_json, write_text

UNSYNCED_BYTES = 2**25
"""How much may wait to be written by the system: memory and the time of one wait stay bounded at any N."""

SPARE_BYTES = 2**26
"""What is left free beside the features, for results and checkpoints."""


class OtherRowsError(ValueError):
    """Rows that are not those of their digest."""


class ChunkWriter:
    """Appends chunks to the arrays of `entry`, going on behind the chunks that are there and sound.

    Rows first, then their line in chunks.jsonl. A kill can leave rows without a line or a line cut in two, never a
    line without rows; a power cut can, and is found out since every finished chunk is hashed again before it counts.
    """

    def __init__(self, entry: CacheEntry, about: Mapping[str, Any], shape: Shape):
        self.entry, self.shape = entry, shape
        self.arrays = shape.arrays(entry.folder)
        self._finished = _sound_chunks(entry, about, self.arrays)
        self.done = min(self._finished * shape.chunk, shape.images)
        self._unsynced = 0
        self._files: dict[str, BinaryIO] = {}
        require_space(entry.folder, shape.bytes - sum(a.bytes_until(self.done) for a in self.arrays.values()))
        with refusing_full_disk(entry.folder):
            write_json(entry.folder / "about.json", about)

    def __enter__(self) -> "ChunkWriter":
        with refusing_full_disk(self.entry.folder):
            kept = b"".join(journal_line(line) for line in self.entry.digests[: self._finished])
            write_text(self.entry.folder / "chunks.jsonl", kept.decode())
            for name, array in self.arrays.items():
                self._files[name] = _opened_behind(array, self.done)
            self._files["chunks"] = (self.entry.folder / "chunks.jsonl").open("ab")
        return self

    def append(self, rows: Mapping[str, np.ndarray], expected: Mapping[str, str] | None = None) -> None:
        """The next chunk's rows of every array. expected: the digests that they must have; OtherRowsError if not."""
        with refusing_full_disk(self.entry.folder):
            digests = {}
            for name, array in self.arrays.items():
                content = np.ascontiguousarray(rows[name], array.dtype).data.cast("B")
                digests[name] = hashlib.sha256(content).hexdigest()
                if expected is not None and expected[name] != digests[name]:
                    raise OtherRowsError(f"{name}.npy is not what was written, from image {self.done} on")
                self._files[name].write(content)
                self._files[name].flush()
                self._unsynced += len(content)
            if self._unsynced > UNSYNCED_BYTES:
                self._sync()
            self._files["chunks"].write(journal_line(digests))
            self._files["chunks"].flush()
        self._finished += 1
        self.done = min(self._finished * self.shape.chunk, self.shape.images)

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Everything to disk, then the marker that makes the entry count."""
        assert self.done == self.shape.images
        with refusing_full_disk(self.entry.folder):
            self._sync()
            write_json(self.entry.folder / "features.json", facts)

    def _sync(self) -> None:
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        self._unsynced = 0

    def __exit__(self, *exc: Any) -> None:
        for file in self._files.values():
            file.close()


def _sound_chunks(entry: CacheEntry, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> int:
    """How many chunks, from the first on, an earlier attempt left whole."""
    try:
        elsewhere = {"root": None}  # the same images may lie in two places
        if {**entry.about, **elsewhere} != {**about, **elsewhere}:
            return 0
        digests = entry.digests
        headers = {array.path: array.path.open("rb").read(len(array.header)) for array in arrays.values()}
    except (DataError, OSError, ValueError):
        return 0
    if any(headers[array.path] != array.header for array in arrays.values()):
        return 0
    for number, ((start, stop), digest) in enumerate(zip(entry.shape.chunks, digests, strict=False)):
        if any(array.digest(start, stop) != digest.get(name) for name, array in arrays.items()):
            return number
    return len(digests)


def _opened_behind(array: Array, done: int) -> BinaryIO:
    """The array's file, cut behind its first `done` rows and ready for the next."""
    file = array.path.open("r+b" if done else "w+b")
    if not done:
        file.write(array.header)
        file.flush()
    file.truncate(array.bytes_until(done))
    file.seek(0, os.SEEK_END)
    return file


def require_space(folder: Path, needed: int) -> None:
    """DiskError if the disk that `folder` is on cannot take `needed` more bytes."""
    free = shutil.disk_usage(folder).free
    if needed + SPARE_BYTES > free:
        raise DiskError(
            f"the features need {_gib(needed)} more, but {_gib(free)} are free under {folder.parent.parent}; make room "
            "(`bench cache ls`, `bench cache rm`) or give another folder with --cache or BENCH_CACHE."
        )


@contextmanager
def refusing_full_disk(folder: Path) -> Iterator[None]:
    """DiskError, in one sentence, if the disk fills up while encoding."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskError(
            f"the disk of {folder.parent.parent} is full; make room and run again: images encoded so far are kept."
        ) from None


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
