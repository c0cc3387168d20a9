"""Writing of bundles (see `bench.system.bundle`), in one pass and from blocks."""

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bench.errors import DataError
from bench.system.files import atomic

MANIFEST, SUM = "manifest.json", "manifest.sha256"
LARGEST_MANIFEST = 2**26
READ_BLOCK = 2**20
END = bytes(2 * tarfile.BLOCKSIZE)
_PLACEHOLDER = "0" * 64


@dataclass(frozen=True)
class Content:
    """A member to be written: its name, its size in bytes, and what gives them."""

    name: str
    size: int
    blocks: Callable[[], Iterable[bytes | memoryview]]

    @classmethod
    def of(cls, name: str, content: bytes) -> "Content":
        return cls(name, len(content), lambda: [content])

    @classmethod
    def of_file(cls, name: str, path: Path) -> "Content":
        return cls(name, path.stat().st_size, lambda: file_blocks(path))


def file_blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, block by block."""
    with path.open("rb") as file:
        while block := file.read(READ_BLOCK):
            yield block


def write_bundle(path: Path, kind: str, version: int, about: Mapping[str, Any], contents: Sequence[Content]) -> None:
    """Write the file in one pass; it takes its place when it is whole. DataError if a content is not of its size.

    The manifest stands first, so that it is read first: room is left for it, and the digests are put in at the end.
    """
    digests = dict.fromkeys((one.name for one in contents), _PLACEHOLDER)
    with atomic(path) as file:
        _write_manifest(file, kind, version, about, contents, digests)
        for one in contents:
            file.write(member_header(one.name, one.size))
            digests[one.name] = _write_blocks(file, one)
        file.write(END)
        file.seek(0)
        _write_manifest(file, kind, version, about, contents, digests)


def _write_manifest(
    file: BinaryIO,
    kind: str,
    version: int,
    about: Mapping[str, Any],
    contents: Sequence[Content],
    digests: Mapping[str, str],
) -> None:
    members = [{"name": one.name, "bytes": one.size, "sha256": digests[one.name]} for one in contents]
    record = {"kind": kind, "format": version, **about, "members": members}
    text = json.dumps(record, indent=1, allow_nan=False).encode() + b"\n"
    if len(text) > LARGEST_MANIFEST:
        raise DataError(f"the manifest would hold {len(text):,} bytes, more than {LARGEST_MANIFEST:,}; write less.")
    for name, content in ((MANIFEST, text), (SUM, sum_of(text))):
        file.write(member_header(name, len(content)) + content + member_padding(len(content)))


def _write_blocks(file: BinaryIO, one: Content) -> str:
    digest, left = hashlib.sha256(), one.size
    for block in one.blocks():
        left -= len(block)
        if left < 0:
            break
        digest.update(block)
        file.write(block)
    if left:
        raise DataError(f"{one.name} changed while it was written; give the same command again.")
    file.write(member_padding(one.size))
    return digest.hexdigest()


def member_header(name: str, size: int) -> bytes:
    """The header of a member, the same bytes whenever it is made."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT, "ascii", "strict")  # knows sizes of 8 GiB and more


def member_padding(size: int) -> bytes:
    """What fills the last block of a member."""
    return bytes(-size % tarfile.BLOCKSIZE)


def sum_of(manifest: bytes) -> bytes:
    """The content of the file beside the manifest, as `sha256sum --check` reads it."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()
