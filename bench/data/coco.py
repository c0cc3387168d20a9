"""MS-COCO 2014 in its official layout: annotations/instances_{train,val}2014.json and {train,val}2014/*.jpg."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from bench.data.base import DATASETS, Box
from bench.data.download import Archive
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.json_file import JsonObject, read_object
from bench.data.listing import Listing
from bench.data.official import Official
from bench.errors import DataError
from bench.settings.config import setting

YEAR = {"train": "train2014", "test": "val2014"}
TAI_NAMES = {"airplane": "aeroplane", "motorcycle": "motor bike"}
"""What TaI-DPT (CVPR 2023) and the public code of TRM-ML's first author put into prompts in place of two names."""


@dataclass(frozen=True, kw_only=True)
class CocoOptions(FolderOptions):
    """Which images count, and which names stand in prompts."""

    names: Literal["raw", "clean", "tai"] = setting(  # type: ignore[assignment]
        "raw",
        "names in prompts: raw, the official ones (DualCoOp, SCPNet); clean: the same; tai: as TaI-DPT has it",
    )
    images: Literal["all", "annotated"] = setting(
        "all", "all: every image of the list (82,783 / 40,504); annotated: those with a label (82,081 / 40,137)"
    )


@DATASETS.register("coco")
class Coco(FolderDataset):
    """MS-COCO 2014: 80 classes by ascending category id, train2014 to val2014; crowds and small boxes count."""

    Options = CocoOptions
    lists_option = "images"
    layout = "annotations/, train2014/ and val2014/"
    official: ClassVar[Mapping[DataPart, Official]] = {
        "train": Official(
            82_783,
            annotated=82_081,
            positives=241_035,
            first="COCO_train2014_000000057870.jpg",
            labels="b7e6927ddb73a5192fb284140d56b5e1e897286c8007cf2e7f21ac5eac464be0",
        ),
        "test": Official(40_504, annotated=40_137, first="COCO_val2014_000000391895.jpg"),
    }
    official_classes = "d7654b26101572841ed1cd80aa03aa60e35f1b8acb4aea6906c4066886f16e07"
    archives = (
        Archive(
            "http://images.cocodataset.org/annotations/annotations_trainval2014.zip",
            "0a379cfc70b0e71301e0f377548639bd",
            provides="annotations/instances_train2014.json",
        ),
        Archive("http://images.cocodataset.org/zips/train2014.zip", "0da8c0bd3d6becc4dcb32757491aca88", "train2014"),
        Archive("http://images.cocodataset.org/zips/val2014.zip", "a3d79f5ed8d289b7a7554ce06a5782b3", "val2014"),
    )

    def sources(self, part: DataPart) -> Sequence[Path]:
        return (self.folder / "annotations" / f"instances_{YEAR[part]}.json",)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / YEAR[part]

    def read(self, part: DataPart) -> Listing:
        return read_instances(self.sources(part)[0])

    def boxes(self, part: str) -> Sequence[Sequence[Box]] | None:
        boxes = read_coco_boxes(self.sources(part)[0])  # type: ignore[arg-type]
        return None if boxes is None else [boxes[name] for name in getattr(self, part).ids]

    def counts(self, labels: np.ndarray) -> np.ndarray:
        return super().counts(labels) if self.options.images == "all" else (labels == 1).any(axis=1)

    def prompt_name(self, raw: str) -> str:
        return TAI_NAMES.get(raw, raw) if self.options.names == "tai" else super().prompt_name(raw)


def read_instances(source: Path) -> Listing:
    """Images in the file's order, labels int8 (N, 80), and class names by ascending category id."""
    content = read_object(source, "no COCO instances file")
    images, categories = content.entries("images"), _categories(content)
    row, column = _places(images, "an image"), _places(categories, "a category")
    names = tuple(image.get("file_name", str) for image in images)
    classes = tuple(category.get("name", str) for category in categories)
    labels = np.full((len(row), len(column)), -1, np.int8)
    for annotation in content.entries("annotations"):
        image, category = annotation.get("image_id", int), annotation.get("category_id", int)
        if image not in row or category not in column:
            unknown = f"image_id {image}" if image not in row else f"category_id {category}"
            raise content.error(f"{annotation.where} has the {unknown}, which the file does not list")
        labels[row[image], column[category]] = 1
    return Listing(names, labels, classes)


def _categories(content: JsonObject) -> list[JsonObject]:
    return sorted(content.entries("categories"), key=lambda category: category.get("id", int))


def _places(listed: list[JsonObject], kind: str) -> dict[int, int]:
    """Each entry's place by its id."""
    places = {one.get("id", int): i for i, one in enumerate(listed)}
    if len(places) != len(listed):
        raise DataError(f"{listed[0].source} lists {kind} twice; use the official file.")
    return places


def read_coco_boxes(source: Path) -> dict[str, list[Box]] | None:
    """The boxes of each image by its file name, crowds among them; None where the file leaves boxes or sizes out.

    A box without area, of which COCO has some, is none.
    """
    content = read_object(source, "no COCO instances file")
    column = {category.get("id", int): i for i, category in enumerate(_categories(content))}
    images = {image.get("id", int): image.content for image in content.entries("images")}
    boxes: dict[str, list[Box]] = {image["file_name"]: [] for image in images.values()}
    for annotation in content.entries("annotations"):
        image = images[annotation.get("image_id", int)]
        edges = _edges(annotation.content.get("bbox"), image.get("width"), image.get("height"))
        if edges is None:
            return None
        if edges[0] < edges[2] and edges[1] < edges[3]:
            boxes[image["file_name"]].append(Box(column[annotation.get("category_id", int)], *edges))
    return boxes


def _edges(box: Any, width: Any, height: Any) -> tuple[float, float, float, float] | None:
    """A box (x, y, width, height) in pixels as edges in shares of the image; None if it is no box of a real image."""
    numbers = [width, height, *(box if isinstance(box, list) and len(box) == 4 else [None])]
    if not all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers):
        return None
    if not (width > 0 and height > 0):
        return None
    x, y, wide, high = box
    return x / width, y / height, (x + wide) / width, (y + high) / height
