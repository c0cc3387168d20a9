"""Names that come from a disk, a network or a command line: checked once, where they enter.

A store, an MLflow database and a cluster's node may be a stranger's. Their names of cells and sweeps become file names
here, so a name that this program would not give is refused.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from bench.errors import DataError

_KEY = re.compile(r"[0-9a-f]{16}")
_SWEEP = re.compile(r"[0-9a-f]{12}")
_FINGERPRINT = re.compile(r"[0-9a-f]{1,64}")
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def is_key(text: object) -> bool:
    """Whether it is the key of a cell or of cached features.

    >>> is_key("0123456789abcdef"), is_key("../../victim"), is_key(None)
    (True, False, False)
    """
    return isinstance(text, str) and bool(_KEY.fullmatch(text))


def is_fingerprint(text: object) -> bool:
    """Whether it is the content hash of a dataset."""
    return isinstance(text, str) and bool(_FINGERPRINT.fullmatch(text))


def cell_key(text: object) -> str:
    """The key of a cell; DataError for anything but 16 hex digits."""
    return _checked(text, _KEY, "a cell's key", "16 hex digits")


def sweep_id(text: object) -> str:
    """The id of a sweep; DataError for anything but 12 hex digits."""
    return _checked(text, _SWEEP, "a sweep's id", "12 hex digits")


def fingerprint(text: object) -> str:
    """The content hash of a dataset; DataError for anything but hex digits."""
    return _checked(text, _FINGERPRINT, "a dataset's fingerprint", "up to 64 hex digits")


def plain_name(text: object, kind: str = "a name") -> str:
    """A name of a dataset, protocol, backbone or search; DataError if it could be more than the name of one file.

    >>> plain_name("ViT-B-16")
    'ViT-B-16'
    """
    return _checked(text, _PLAIN, kind, "up to 100 letters, digits and _ . + -, the first no dot or sign")


def _checked(text: object, pattern: re.Pattern[str], kind: str, allowed: str) -> str:
    if isinstance(text, str) and pattern.fullmatch(text):
        return text
    raise DataError(f"{str(text)[:80]!r} is not {kind}, which is {allowed}; do not use what holds it, or mend it.")


def short_name(name: str, most: int = 150) -> str:
    """The name of a file with room for an ending: file systems take 255 bytes, and a letter may have four.

    >>> short_name("attention-cat"), len(short_name("attention-" + "\u732b" * 100).encode()) <= 150
    ('attention-cat', True)
    """
    content = name.encode()
    if len(content) <= most:
        return name
    return f"{content[: most - 9].decode(errors='ignore')}-{hashlib.sha256(content).hexdigest()[:8]}"


def printable(data: Any) -> Any:
    """Strings, however deep, without the control characters that steer a terminal.

    >>> printable(["a\\x1b[31mb", 1])
    ['a�[31mb', 1]
    """
    if isinstance(data, str):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", data)
    if data is None or isinstance(data, (bool, int, float)):
        return data
    if isinstance(data, Mapping):
        return {printable(name): printable(value) for name, value in data.items()}
    return [printable(value) for value in data] if isinstance(data, (list, tuple)) else data
