"""Features are checked before they are trained on: every chunk against its SHA-256 from encoding.

What is guaranteed: arrays whose bytes on disk are not those that were encoded are refused before any cell has read
them. All bytes are read once a machine and state of the files (device, inode, size, times of writing and of change,
kept in `checked.json`), so that a file that was written to, copied or replaced since is read again; in a cache that
may only be read, once a process. Not guaranteed: a disk that decays under an unchanged file after the check; `bench
cache verify` always reads every byte.
"""

import socket
from pathlib import Path
from typing import Any

from bench.features.layout import CacheEntry
from bench.system.files import read_json, write_json

CHECKED = "checked.json"
_FILES = ("about.json", "chunks.jsonl", "dense.npy", "pooled.npy")


def refuse_damage(entry: CacheEntry) -> None:
    """DataError if a complete entry's bytes are not those that were written; call it under a hold."""
    state, known = _state(entry.folder), _known(entry.folder / CHECKED)
    host = socket.gethostname()
    if known.get(host) == state:
        return
    for problem in entry.problems():
        raise entry.damaged(problem)
    try:
        write_json(entry.folder / CHECKED, {**known, host: state})
    except OSError:
        return  # a cache that may only be read


def _state(folder: Path) -> list[list[int]]:
    stats = [(folder / name).stat() for name in _FILES]
    return [[one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns] for one in stats]


def _known(path: Path) -> dict[str, Any]:
    """States that were found sound, by machine."""
    try:
        return dict(read_json(path))
    except (OSError, ValueError, TypeError):
        return {}
