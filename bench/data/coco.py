"""MS-COCO 2014 in its official layout: annotations/instances_{train,val}2014.json and {train,val}2014/*.jpg."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from bench.data.base import DATASETS, Box
from bench.data.download import Archive
from bench.data.folder import FolderDataset, FolderOptions, Listing, Part
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
    layout = "annotations/, train2014/ and val2014/"
    official: ClassVar[Mapping[Part, Official]] = {
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

    def sources(self, part: Part) -> Sequence[Path]:
        return (self.folder / "annotations" / f"instances_{YEAR[part]}.json",)

    def image_folder(self, part: Part) -> Path:
        return self.folder / YEAR[part]

    def read(self, part: Part) -> Listing:
        return read_instances(self.sources(part)[0])

    def boxes(self, part: str) -> Sequence[Sequence[Box]] | None:
        found = read_boxes(self.sources(part)[0])  # type: ignore[arg-type]
        return None if found is None else [found[name] for name in getattr(self, part).ids]

    def counts(self, labels: np.ndarray) -> np.ndarray:
        return super().counts(labels) if self.options.images == "all" else (labels == 1).any(axis=1)

    def prompt_name(self, raw: str) -> str:
        return TAI_NAMES.get(raw, raw) if self.options.names == "tai" else super().prompt_name(raw)


def read_instances(source: Path) -> Listing:
    """Images in the file's order, labels int8 (N, 80), and class names by ascending category id."""
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
    return Listing(names, labels, classes)


def read_boxes(source: Path) -> dict[str, list[Box]] | None:
    """The boxes of each image by its file name, crowds among them; None where the file leaves boxes or sizes out."""
    content = json.loads(source.read_text())
    column = {c["id"]: i for i, c in enumerate(sorted(content["categories"], key=lambda c: c["id"]))}
    images = {image["id"]: image for image in content["images"]}
    found: dict[str, list[Box]] = {image["file_name"]: [] for image in images.values()}
    try:
        for annotation in content["annotations"]:
            image, (x, y, wide, high) = images[annotation["image_id"]], annotation["bbox"]
            width, height = image["width"], image["height"]
            edges = (x / width, y / height, (x + wide) / width, (y + high) / height)
            found[image["file_name"]].append(Box(column[annotation["category_id"]], *edges))
    except KeyError:
        return None
    return found
