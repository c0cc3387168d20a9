"""Bundles: tar files of plain members behind a manifest that names size and SHA-256 of each, whoever made them.

A bundle is written in one pass and read without a tar library's guesses: every header must be the very bytes that
`bench` writes for the name and size that the manifest gives. So links, folders, extensions, members outside the list
and members that stand there twice are refused alike, and every byte of the file is covered by a checksum.
"""

import hashlib
import io
import itertools
import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from bench.errors import DataError
from bench.system.bundle_writing import (
    END,
    LARGEST_MANIFEST,
    MANIFEST,
    READ_BLOCK,
    SUM,
    member_header,
    member_padding,
    sum_of,
)

_HEADER = tarfile.BLOCKSIZE
_NAME = re.compile(r"[A-Za-z0-9_]+(?:[._-][A-Za-z0-9_]+)*(?:/[A-Za-z0-9_]+(?:[._-][A-Za-z0-9_]+)*)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Member:
    """A member as the manifest names it; `offset` is that of its first byte in the file."""

    name: str
    size: int
    sha256: str
    offset: int = field(compare=False)


class BundleError(DataError):
    """A bundle, or one of its members, that is damaged or no work of `bench`."""


class Bundle:
    """A bundle whose manifest is sound; members are checked when they are read, or all by `check_layout`.

    record: the manifest. digest: its SHA-256, which stands for all of the file. members: by name, in order.
    """

    def __init__(self, path: Path, kind: str, version: int):
        self.path = path
        try:
            with path.open("rb") as file:
                self.size = file.seek(0, io.SEEK_END)
                manifest = self._first(file, kind)
                self.record = self._parsed(manifest, kind, version)
                self.digest = hashlib.sha256(manifest).hexdigest()
                self._manifest = Member(MANIFEST, len(manifest), self.digest, _HEADER)
                self._sum = Member(SUM, len(sum_of(b"")), "", self._end(self._manifest) + _HEADER)
                self._expect(file, self._sum)
                if file.read(self._sum.size) != sum_of(manifest):
                    raise self.error(f"{MANIFEST} is not what was written")
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror}); give the file of `bench`'s export.") from None
        self.members = self._listed()

    def error(self, problem: str) -> BundleError:
        return BundleError(f"{self.path} cannot be used: {problem}; fetch it again from whoever made it.")

    def check_layout(self) -> None:
        """BundleError unless every header is where and what the manifest says, and nothing else is in the file."""
        with self.path.open("rb") as file:
            for one in (self._manifest, self._sum, *self.members.values()):
                self._expect(file, one)
                file.seek(one.offset + one.size)
                padding = member_padding(one.size)
                if file.read(len(padding)) != padding:
                    raise self.error(f"it is cut off or damaged behind {one.name}")
            rest = file.read(len(END) + 1)
        if rest != END:
            raise self.error("it is cut off" if len(rest) < len(END) else "it holds more than its manifest names")

    def blocks(self, name: str, sizes: Iterable[int] = ()) -> Iterator[bytes]:
        """A member's bytes, block by block; BundleError at the end where they are not those that were written.

        sizes: of the first blocks; the rest comes in blocks of a MiB.
        """
        one, wanted = self.members[name], itertools.chain(sizes, itertools.repeat(READ_BLOCK))
        digest, left = hashlib.sha256(), one.size
        with self.path.open("rb") as file:
            self._expect(file, one)
            while left:
                block = file.read(min(next(wanted), left))
                if not block:
                    raise self.error(f"it is cut off in {name}")
                left -= len(block)
                digest.update(block)
                yield block
        if digest.hexdigest() != one.sha256:
            raise self.error(f"{name} is not what was written")

    def content(self, name: str, most: int) -> bytes:
        """All bytes of a member of at most `most` bytes, checked."""
        if name not in self.members:
            raise self.error(f"it has no {name}")
        if self.members[name].size > most:
            raise self.error(f"{name} holds {self.members[name].size:,} bytes, more than {most:,}")
        return b"".join(self.blocks(name))

    def _first(self, file: BinaryIO, kind: str) -> bytes:
        """The manifest's bytes; its size is bounded before they are read."""
        file.seek(0)
        try:
            first = tarfile.TarInfo.frombuf(file.read(_HEADER), "ascii", "strict")
        except (tarfile.HeaderError, ValueError):
            raise self._foreign(kind) from None
        if first.name != MANIFEST or not 0 < first.size <= min(LARGEST_MANIFEST, self.size):
            raise self._foreign(kind)
        self._expect(file, Member(MANIFEST, first.size, "", _HEADER))
        return file.read(first.size)

    def _foreign(self, kind: str) -> BundleError:
        return BundleError(f"{self.path} is no {kind} of bench; give the file that its export wrote.")

    def _parsed(self, manifest: bytes, kind: str, version: int) -> dict[str, Any]:
        try:
            record = json.loads(manifest)
        except (ValueError, RecursionError):
            raise self.error(f"{MANIFEST} is no JSON") from None
        if not isinstance(record, dict) or record.get("kind") != kind:
            raise self._foreign(kind)
        if record.get("format") != version:
            raise BundleError(
                f"{self.path} is a {kind} of format {str(record.get('format'))[:20]}, and this version of bench reads "
                f"format {version}; install the version that made it."
            )
        return record

    def _listed(self) -> dict[str, Member]:
        before, members = self._sum, dict[str, Member]()
        listed = self.record.get("members")
        for one in listed if isinstance(listed, list) else [None]:
            if not isinstance(one, dict) or not _names_a_member(one):
                raise self.error("its manifest does not list its members")
            if one["name"] in members:
                raise self.error(f"its manifest lists {one['name']} twice")
            before = Member(one["name"], one["bytes"], one["sha256"], self._end(before) + _HEADER)
            members[before.name] = before
        return members

    def _expect(self, file: BinaryIO, one: Member) -> None:
        """The header of this member and no other, and all its bytes in the file; the next read gives its first."""
        file.seek(one.offset - _HEADER)
        header = file.read(_HEADER)
        if len(header) < _HEADER or one.offset + one.size > self.size:
            raise self.error(f"it is cut off at {one.name}")
        if header != member_header(one.name, one.size):
            raise self.error(f"where {one.name} should stand, there is something else")

    @staticmethod
    def _end(one: Member) -> int:
        return one.offset + one.size + len(member_padding(one.size))


def _names_a_member(one: Mapping[str, Any]) -> bool:
    if type(one.get("bytes")) is not int or one["bytes"] < 0:
        return False
    name, digest = one.get("name"), one.get("sha256")
    named = isinstance(name, str) and len(name) < 100 and _NAME.fullmatch(name) and name not in (MANIFEST, SUM)
    return bool(named and isinstance(digest, str) and _DIGEST.fullmatch(digest))
