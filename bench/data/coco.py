"""MS-COCO 2014 in its official layout: annotations/instances_{train,val}2014.json and {train,val}2014/*.jpg."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from bench.config import setting
from bench.data.base import DATASETS, Dataset, Split
from bench.errors import DataError
from bench.files import write_arrays

Parsed = tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]
"""File names, labels int8 (N, C), class names."""


@dataclass(frozen=True, kw_only=True)
class CocoOptions:
    """Which images count."""

    images: Literal["all", "annotated"] = setting(
        "all", "all: every image of the list (82,783 / 40,504); annotated: those with a label (82,081 / 40,137)"
    )


class JpegFolder(Sequence[Image.Image]):
    """Image files opened when asked for."""

    def __init__(self, folder: Path, names: Sequence[str]):
        self.folder, self.names = folder, names

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: Any) -> Any:
        path = self.folder / self.names[index]
        try:
            with Image.open(path) as image:
                return image.convert("RGB")
        except FileNotFoundError:
            raise DataError(f"the image {path} is missing; complete the folder {self.folder}.") from None
        except OSError as error:
            raise DataError(f"the image {path} cannot be read ({error}); fetch that file again.") from None


@DATASETS.register("coco")
class Coco(Dataset):
    """MS-COCO 2014: 80 classes by ascending category id, train2014 to val2014; crowds and small boxes count."""

    Options = CocoOptions
    needs_root = True

    def __init__(self, options: CocoOptions, root: Path | None, cache: Path):
        super().__init__(options, root, cache)
        if root is None:
            raise DataError("coco is read from your disk; --root must be the folder that holds annotations/.")
        self.folder = root
        self._parts: dict[str, Parsed] = {}

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._labels("train")[2]

    @cached_property
    def train(self) -> Split:
        return self._split("train")

    @cached_property
    def test(self) -> Split:
        if self._labels("val")[2] != self.class_names:
            raise DataError("train and val annotations list different categories; both must be the official files.")
        return self._split("val")

    def _split(self, part: str) -> Split:
        names, labels, _ = self._labels(part)
        if self.options.images == "annotated":
            kept = (labels == 1).any(axis=1)
            names, labels = tuple(np.array(names)[kept]), labels[kept]
        return Split(names, labels, JpegFolder(self.folder / f"{part}2014", names))

    def _labels(self, part: str) -> Parsed:
        if part not in self._parts:
            self._parts[part] = self._cached_labels(part)
        return self._parts[part]

    def _cached_labels(self, part: str) -> Parsed:
        """Parsed once per annotation file: the official ones take several seconds to read."""
        source = self.folder / "annotations" / f"instances_{part}2014.json"
        if not source.is_file():
            raise DataError(f"{source} is missing; --root must be the folder that holds annotations/ and {part}2014/.")
        about = source.stat()
        mark = hashlib.sha256(f"{source.resolve()} {about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:16]
        path = self.cache / "coco" / f"{mark}.npz"
        if not path.exists():
            names, labels, classes = read_instances(source)
            write_arrays(path, names=np.array(names), labels=labels, classes=np.array(classes))
        with np.load(path) as arrays:
            return tuple(arrays["names"].tolist()), arrays["labels"], tuple(arrays["classes"].tolist())


def read_instances(source: Path) -> Parsed:
    """File names in the file's order, labels int8 (N, 80), and class names by ascending category id."""
    try:
        content = json.loads(source.read_text())
        images, categories = content["images"], sorted(content["categories"], key=lambda c: c["id"])
        names = tuple(image["file_name"] for image in images)
        classes = tuple(category["name"] for category in categories)
        column = {category["id"]: i for i, category in enumerate(categories)}
        row = {image["id"]: i for i, image in enumerate(images)}
        for what, found, listed in (("an image", row, images), ("a category", column, categories)):
            if len(found) != len(listed):
                raise DataError(f"{source} lists {what} twice; use the official file.")
        labels = np.full((len(row), len(column)), -1, np.int8)
        for annotation in content["annotations"]:
            labels[row[annotation["image_id"]], column[annotation["category_id"]]] = 1
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{source} is no COCO instances file ({type(error).__name__}: {error}).") from None
    return names, labels, classes
