"""Files that run code when they are unpickled: the code makes a folder, the marker."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.errors import BenchError


class Hostile:
    """Makes `marker` when it is unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.marker),)


def as_zip(path: Path, content: Any) -> None:
    torch.save(content, path)


def as_legacy(path: Path, content: Any) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def as_pickle(path: Path, content: Any) -> None:
    path.write_bytes(pickle.dumps(content))


def as_array(path: Path, content: Any) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([content], object))


def as_arrays(path: Path, content: Any) -> None:
    with path.open("wb") as file:
        np.savez(file, **dict.fromkeys(("logits", "ids", "labels", "class_names"), np.array([content], object)))


TORCH = {"zip": as_zip, "legacy": as_legacy, "plain pickle": as_pickle}
NUMPY = {"npy": as_array, "npz": as_arrays, "plain pickle": as_pickle}


def assert_refused(error: BenchError, path: Path, marker: Path) -> None:
    """Nothing ran, and one sentence names the file."""
    assert not marker.exists(), "code from the file was run"
    assert str(path) in str(error)
    assert "\n" not in str(error)
    assert str(error).endswith(".")
