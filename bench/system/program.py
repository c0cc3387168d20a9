"""Hash of this program as it lies on this machine; imports nothing heavy, since each node computes it at the start."""

import hashlib
from pathlib import Path


def program_hash() -> str:
    """A hash of this program as it lies on this machine: all source and recipe files of its three packages."""
    root, digest = Path(__file__).resolve().parents[2], hashlib.sha256()
    for package in ("bench", "methods", "protocols"):
        for path in sorted(p for kind in ("*.py", "*.toml") for p in (root / package).rglob(kind)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
