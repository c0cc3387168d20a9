"""Fingerprint of the files that options name: their content, wherever they lie."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bench.errors import DataError


def files_fingerprint(owner: str, paths: Sequence[Path]) -> str:
    """A hash of what is in the files; empty where there are none. owner: whose they are, as in `method 'tai_dpt'`."""
    digests = [_digest(owner, path) for path in paths]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else ""


def _digest(owner: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{owner} cannot read {path} ({error.strerror}); give a file that exists.") from None
