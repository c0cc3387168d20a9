"""Arrays that processes share: written once into a file, checked, and then mapped by all of them."""

import hashlib
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bench.system.files import NO_ARRAYS, atomic, read_json, write_json

SMALLEST_MAPPED = 2**20
"""Bytes; of fewer, a copy in each process costs less than a file."""


def mapped(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The array that `make` gives, in C order, mapped from `path` (.npy); made and written if it is not there whole.

    What a process writes into it stays its own, the file never changes. The bytes are read and compared with their
    SHA-256 once a machine and state of the file, like those of features; an array that is damaged is made again. A
    small one, and any where the file cannot be written, is as `make` gave it.
    """
    there = opened(path)
    if there is not None:
        return there
    array = np.ascontiguousarray(make())
    if array.nbytes < SMALLEST_MAPPED:
        return array
    with suppress(OSError):  # a disk that is full, or a cache that may only be read: then every process has a copy
        with atomic(path) as file:
            np.lib.format.write_array(file, array, allow_pickle=False)
        write_json(_about(path), {"sha256": _digest(array), "checked": {}})
    again = opened(path)
    return array if again is None else again


def opened(path: Path) -> np.ndarray | None:
    """The mapped array; None if it is not there, or not as it was written."""
    try:
        about = read_json(_about(path))
        there: np.ndarray = np.load(path, mmap_mode="c", allow_pickle=False).view(np.ndarray)
        host, state = socket.gethostname(), _state(path)
        if about["checked"].get(host) == state:
            return there
        if _digest(there) != about["sha256"]:
            return None
        checked = {**about, "checked": {**about["checked"], host: state}}
    except (*NO_ARRAYS, KeyError):
        return None
    with suppress(OSError):
        write_json(_about(path), checked)
    return there


def _digest(array: np.ndarray) -> str:
    header = f"{array.dtype.str} {array.shape} ".encode()
    digest = hashlib.sha256(header)
    digest.update(array.data.cast("B"))
    return digest.hexdigest()


def _about(path: Path) -> Path:
    return path.with_suffix(".json")


def _state(path: Path) -> list[Any]:
    one = path.stat()
    return [one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns]
