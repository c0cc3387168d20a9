"""Resampled mAPs that are kept beside the reports, 8 kB a cell; each is known by a hash of what it was made from."""

import hashlib
from pathlib import Path

import numpy as np

from bench.errors import DataError
from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.system.disk import if_allowed
from bench.system.files import read_arrays, write_arrays

METHOD = 1
"""Another number if a resample's mAP is ever made otherwise: what is kept is then made again."""

CellResamples = tuple[float, np.ndarray]
"""A cell's mAP, and that of each resample (R,)."""


def resampled_folder(store: StoreReader) -> Path:
    """Where the resampled mAPs of a store are kept."""
    return inside(store.root, "reports", "resampled")


def resampled_file(store: StoreReader, key: str) -> Path:
    """The file of one cell, which need not exist."""
    return inside(resampled_folder(store), f"{key}.npz")


def made_from(store: StoreReader, key: str, labels: np.ndarray, resamples: int) -> str:
    """A hash of what the numbers are made from: the cell's scores, its test labels, the number of resamples."""
    digest = hashlib.sha256(store.file(key, "scores.npz").read_bytes())
    digest.update(labels.tobytes())
    digest.update(f"{resamples} {METHOD}".encode())
    return digest.hexdigest()


def read_resampled(file: Path, origin: str) -> CellResamples | None:
    """What the file holds, unless it is missing, damaged or of another origin."""
    try:
        with read_arrays(file) as arrays:
            if str(arrays["of"]) == origin:
                return float(arrays["estimate"]), arrays["samples"]
    except (OSError, DataError):
        pass  # made again
    return None


def write_resampled(file: Path, origin: str, resampled: CellResamples) -> None:
    """Keep them, where the store may be written to."""
    estimate, samples = resampled
    with if_allowed():
        write_arrays(file, of=np.array(origin), estimate=np.array(estimate), samples=samples)
