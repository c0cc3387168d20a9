"""What a dataset is: two splits of images with full labels, in a fixed order of images and classes."""

import functools
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from bench.errors import DataError
from bench.registry import Registry

DATASETS: Registry[type["Dataset"]] = Registry("dataset", packages=("bench.data",))


@dataclass(frozen=True)
class Split:
    """N images in a fixed order.

    ids: unique names, the same on every machine; the feature cache and the masks hang on their order.
    labels: int8 (N, C), +1 present and -1 absent; no 0 (a full label is never unknown).
    images: images[i] gives image i as an RGB PIL image, read or drawn when asked for.
    """

    ids: tuple[str, ...]
    labels: np.ndarray
    images: Sequence[Image.Image]

    def __post_init__(self) -> None:
        if self.labels.dtype != np.int8 or self.labels.ndim != 2 or not np.isin(self.labels, (-1, 1)).all():
            raise DataError("full labels must be an int8 matrix (images, classes) of +1 and -1")
        if not len(self.ids) == len(self.images) == len(self.labels):
            raise DataError(f"{len(self.ids)} ids, {len(self.images)} images and {len(self.labels)} label rows differ")
        if len(set(self.ids)) != len(self.ids):
            twice = next(i for i in self.ids if self.ids.count(i) > 1)
            raise DataError(f"image {twice!r} is listed twice; every image may stand in a split once")
        self.labels.flags.writeable = False

    def __len__(self) -> int:
        return len(self.ids)


class Dataset(ABC):
    """Base of all datasets. Subclasses set `Options` and `version`, and give class names and splits."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type]
    needs_root: ClassVar[bool] = False

    def __init__(self, options: Any, root: Path | None, cache: Path):
        """`root`: where the user keeps the files; `cache`: a folder this dataset may fill and reuse.

        `on_progress`, when set, hears (images done, images in all) while images are made ready.
        """
        self.options = options
        self.root = root
        self.cache = cache
        self.on_progress: Callable[[int, int], None] | None = None

    @property
    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """C names as they go into prompts."""

    @property
    @abstractmethod
    def train(self) -> Split: ...

    @property
    @abstractmethod
    def test(self) -> Split: ...

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of image lists, class names and labels: equal on two machines only if the data are."""
        digest = hashlib.sha256("\n".join(self.class_names).encode())
        for split in (self.train, self.test):
            digest.update("\n".join(split.ids).encode())
            digest.update(split.labels.tobytes())
        return digest.hexdigest()
