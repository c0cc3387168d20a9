"""Keys of features: a hash of everything that decides their values."""

import hashlib
from typing import Any

from bench.data.base import Split
from bench.records.component import Component, canonical_json

FORMAT = 2
"""Raised when the arrays' meaning or the way of encoding (batches, storage) changes."""


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

    Where the images lie does not count, what is in them does, to the byte. Nor do labels, class names and other
    options of a dataset of files: the same images under other names have the same features.
    """
    content = getattr(split.images, "content", None)  # None for drawn images, whose options identify them
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
