"""Contract of datasets: two splits of images with their labels, in a fixed order of images and classes."""

import functools
import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from PIL import Image

from bench.data.unknown import is_complete, judgeable, judgeable_only, unknown_facts
from bench.errors import DataError
from bench.records.component import Component
from bench.settings.conversion import values
from bench.settings.registry import Registry
from bench.system.chunks import class_totals, row_slices
from bench.system.sparse import SparseLabels

DATASETS: Registry[type["Dataset"]] = Registry("dataset", packages=("bench.data",))


class Box(NamedTuple):
    """An object: its class's column, and its box in shares of the image's width and height, from the upper left."""

    category: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Split:
    """N images in a fixed order.

    ids: unique names, the same on every machine; the feature cache and the masks depend on their order.
    labels: int8 (N, C), +1 present, -1 absent, and 0 where the data itself does not tell: what is unknown is never
    trained on as known, and never judged. Training labels may be `SparseLabels`, of which rows come on access.
    images: images[i] gives image i as an RGB PIL image, read or drawn on access.
    positions: int64 (N,), strictly ascending: the row of each image in the official full list, for masks that are drawn
    over that list before rows are dropped; official_count: how many rows that list has. Both None: it is the full list.
    ignored: bool (N, C), entries that evaluation leaves out (VOC's objects marked difficult); None: none. Training uses
    their labels nevertheless.
    """

    ids: tuple[str, ...]
    labels: np.ndarray
    images: Sequence[Image.Image]
    positions: np.ndarray | None = None
    official_count: int | None = None
    ignored: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.labels.dtype != np.int8 or self.labels.ndim != 2 or beyond_three_values(self.labels):
            raise DataError("labels must be an int8 matrix (images, classes) of +1, -1, and 0 where nothing is known")
        if not len(self.ids) == len(self.images) == len(self.labels):
            raise DataError(f"{len(self.ids)} ids, {len(self.images)} images and {len(self.labels)} label rows differ")
        if len(set(self.ids)) != len(self.ids):
            twice = Counter(self.ids).most_common(1)[0][0]
            raise DataError(f"image {twice!r} is listed twice; every image may stand in a split once")
        if isinstance(self.labels, np.ndarray):
            self.labels.flags.writeable = False
        if (self.positions is None) != (self.official_count is None):
            raise DataError("positions in the official list and its length belong together; give both or neither")
        if self.positions is not None and self.official_count is not None:
            bounds = np.concatenate(([-1], self.positions, [self.official_count]))
            if self.positions.shape != (len(self.ids),) or not (np.diff(bounds) > 0).all():
                raise DataError(
                    f"positions must be {len(self.ids)} ascending rows of an official list of {self.official_count}"
                )
            self.positions.flags.writeable = False
        if self.ignored is not None:
            if self.ignored.dtype != bool or self.ignored.shape != self.labels.shape:
                raise DataError("ignored must be a bool matrix of the labels' shape")
            self.ignored.flags.writeable = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def identity_bytes(self) -> Iterator[bytes]:
        """Everything that distinguishes this split from another: names, labels, positions, image contents."""
        yield "\n".join(self.ids).encode()
        yield from label_bytes(self.labels)
        for array in (self.positions, self.ignored):
            if array is not None:
                yield array.tobytes()
        content = getattr(self.images, "content", None)  # drawn images have no files
        if content is not None:
            yield content.encode()

    @functools.cached_property
    def judged(self) -> np.ndarray:
        """The labels as evaluation takes them: int8 (N, C), 0 where unknown or `ignored`."""
        return self.labels if self.ignored is None else np.where(self.ignored, np.int8(0), self.labels)

    @functools.cached_property
    def complete(self) -> bool:
        """Whether no label is unknown."""
        return is_complete(self.labels)

    @functools.cached_property
    def measured(self) -> np.ndarray:
        """`judged`, as metrics take it: where labels are unknown, without the classes that cannot be judged by them."""
        return self.judged if self.complete else judgeable_only(self.judged)


def label_bytes(labels: np.ndarray) -> Iterator[bytes]:
    """The labels (N, C) row by row, in pieces; of lists the lists."""
    if isinstance(labels, SparseLabels):
        yield from labels.identity_bytes
        return
    for rows in row_slices(*labels.shape):
        yield labels[rows].tobytes()


def beyond_three_values(labels: np.ndarray) -> bool:
    """Whether labels hold anything but +1, -1 and 0; makes no copy."""
    if isinstance(labels, SparseLabels):
        labels = labels.values
    return bool(labels.min(initial=0) < -1 or labels.max(initial=0) > 1)


class Dataset(ABC):
    """Base of all datasets. Subclasses set `Options` and `version`, and give class names and splits.

    caveat: what every report on it says first, where its numbers mean less than a reader may think.
    collection: the name of the images that it shares with other datasets; they are no independent evidence.
    users_own: whether every user keeps other images under its name.
    lists_option: its option that says which of several published image lists is read, where there are several.
    default_backbone: the encoder of a run that names none; numbers of other encoders carry their `mark`.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Options: ClassVar[type]
    needs_root: ClassVar[bool] = False
    caveat: ClassVar[str] = ""
    collection: ClassVar[str] = ""
    users_own: ClassVar[bool] = False
    lists_option: ClassVar[str] = ""
    default_backbone: ClassVar[str] = "RN101"

    def __init__(self, options: Any, root: Path | None, cache: Path):
        """`root`: where the user keeps the files; `cache`: a folder this dataset may fill and reuse.

        `on_progress`, when set, is called with (images done, images in all) while images are prepared.
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

    @classmethod
    def backbone_for(cls, root: Path | None) -> str:
        """The encoder of a run that names none; `root`, where the files lie, may tell."""
        return cls.default_backbone

    @property
    def component(self) -> Component:
        """The dataset as it stands in cells."""
        plugin = DATASETS.plugin(self.name)
        return Component(self.name, self.version, values(self.options), fingerprint=self.fingerprint, plugin=plugin)

    def boxes(self, part: str) -> Sequence[Sequence[Box]] | None:
        """The objects of each image of a split (`train` or `test`), in its order; None where no file gives them.

        For display only: nothing is trained or scored by them.
        """
        return None

    @property
    def sizes(self) -> dict[str, int]:
        """How many images the splits have, for a forecast; the splits are opened where there is no cheaper way."""
        return {"train_images": len(self.train), "test_images": len(self.test)}

    @property
    def facts(self) -> dict[str, Any]:
        """Facts about the data that every row holds beside the cell's options."""
        positives = class_totals(self.train.labels, 1).tolist()
        return {
            "train_images": len(self.train),
            "test_images": len(self.test),
            "train_positives": dict(zip(self.class_names, positives, strict=True)),
            **unknown_facts(self.class_names, self.train.labels, self.test.labels, self.test.measured),
        }

    @property
    def has_unknown(self) -> bool:
        """Whether labels of training images are unknown in the data itself."""
        return not self.train.complete

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of image lists, class names, labels and image files: equal on two machines only if the data are."""
        digest = hashlib.sha256("\n".join(self.class_names).encode())
        for split in (self.train, self.test):
            for part in split.identity_bytes:
                digest.update(part)
        return digest.hexdigest()

    def check(self) -> None:
        """DataError if training on this dataset would be pointless; called before anything is trained."""
        refuse_unmeasurable(self.name, self.test.judged, self.test.complete)


def refuse_unmeasurable(dataset: str, judged: np.ndarray, complete: bool = True) -> None:
    """DataError if no class can be judged by the test labels (N, C): every metric would be NaN.

    complete: whether all labels are known; else a class needs a known positive and a known negative.
    """
    if not class_totals(judged, 1).any():
        raise DataError(
            f"no test image of {dataset} has a label that counts, so nothing can be measured on it; "
            "give test images of which some show a class."
        )
    if not complete and not judgeable(judged).any():
        raise DataError(
            f"no class of {dataset} has both a known positive and a known negative test image, so nothing can be "
            "measured on it; give test images with more known labels."
        )


DATASETS.base = Dataset
