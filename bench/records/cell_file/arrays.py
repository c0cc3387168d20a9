"""Arrays in a file of cells: scores and test labels, whose size is bounded before they are unpacked."""

import io
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager

import numpy as np

from bench.records.cell_file.layout import LARGEST_ARRAYS
from bench.records.layout import SCORES_FILE
from bench.records.names import printable
from bench.records.reader import Targets
from bench.system.bundle import Bundle
from bench.system.files import DAMAGED_ARRAYS, read_arrays


def read_scores(bundle: Bundle, key: str, content: bytes) -> np.ndarray:
    """Scores float32 (N, C) of a cell."""
    with _arrays(bundle, f"{SCORES_FILE} of cell {key}", content, {"logits"}) as arrays:
        logits: np.ndarray = arrays["logits"]
    if logits.ndim != 2 or logits.dtype != np.float32:
        raise bundle.error(f"{SCORES_FILE} of cell {key} holds no scores")
    return logits


def read_targets(bundle: Bundle, name: str, content: bytes) -> Targets:
    """The test labels that the member `name` holds."""
    with _arrays(bundle, name, content, {"ids", "labels", "class_names"}) as arrays:
        ids, labels, names = arrays["ids"], arrays["labels"], arrays["class_names"]
        texts = ids.dtype.kind == names.dtype.kind == "U" and ids.ndim == names.ndim == 1
        if not texts or labels.dtype != np.int8 or labels.shape != (len(ids), len(names)):
            raise bundle.error(f"{name} holds no test labels")
        return Targets(tuple(ids), labels, tuple(printable(names.tolist())))


def _arrays(
    bundle: Bundle, name: str, content: bytes, expected: set[str]
) -> AbstractContextManager[Mapping[str, np.ndarray]]:
    try:
        packed = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except DAMAGED_ARRAYS:
        packed = []
    if sorted(one.filename for one in packed) != sorted(f"{one}.npy" for one in expected):
        raise bundle.error(f"{name} is no file of {', '.join(sorted(expected))}")
    if (size := sum(one.file_size for one in packed)) > LARGEST_ARRAYS:
        raise bundle.error(f"{name} holds {size:,} bytes unpacked, more than {LARGEST_ARRAYS:,}")
    return read_arrays(bundle.path, content)
