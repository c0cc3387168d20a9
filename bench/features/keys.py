"""What decides the values of features, as one hash."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.data.base import Split
from bench.records.cells import Component, canonical_json

FORMAT = 2
"""Raised when the arrays' meaning or the way of encoding (batches, storage) changes."""

SAMPLE = 32
"""Images whose bytes enter the key in full."""


def feature_key(
    part: str,
    split: Split,
    dataset: Component,
    backbone: Component,
    transform: dict[str, Any],
    variant: dict[str, Any] | None = None,
    precision: str = "float32",
) -> str:
    """A hash of dataset, part, image list and image files, backbone (weights included), transform, variant, precision.

    Where the images lie does not count, what is in them does (`content_digest`). Nor do labels, class names and other
    options of a dataset of files: the same images under other names have the same features.
    """
    content = content_digest(getattr(split.images, "paths", None))
    identity = {
        "format": FORMAT,
        "dataset": dataset.to_json() if content is None else dataset.name,
        "part": part,  # image lists may be equal: 0001.jpg in train/ is not 0001.jpg in test/
        "images": hashlib.sha256("\n".join(split.ids).encode()).hexdigest(),
        "content": content,
        "backbone": backbone.to_json(),
        "transform": transform,
        "variant": variant,
        "precision": precision,
    }
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:16]


def content_digest(paths: Sequence[Path] | None) -> str | None:
    """A hash of the sizes of all image files and of the bytes of 32 of them, spread evenly and always the same.

    Two folders whose images differ as a whole (another resolution, compression or crop) never share features, nor do
    two that differ in any file's length. One image changed into another of exactly as many bytes is found only if it
    is among the 32: reading all of COCO at every start would cost minutes. A missing file counts as one of size -1;
    whether it matters is for the encoding to say. None for images without files (drawn ones: their dataset's version
    and options, which are in the key, decide every pixel).
    """
    if paths is None:
        return None
    sizes = ",".join(str(_size(path)) for path in paths)
    digest = hashlib.sha256(sizes.encode())
    for row in sorted({i * (len(paths) - 1) // (SAMPLE - 1) for i in range(SAMPLE)} if len(paths) else ()):
        if _size(paths[row]) >= 0:
            digest.update(hashlib.sha256(paths[row].read_bytes()).digest())
    return digest.hexdigest()


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a third of the time of Path.stat over 82,783 files
    except OSError:
        return -1
