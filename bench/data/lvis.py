"""LVIS v1: boxes of 1,203 categories, of which each image says which are surely absent; all others are unknown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.data.base import DATASETS
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.json_file import JsonObject, read_object
from bench.data.listing import Listing
from bench.errors import DataError
from bench.settings.config import setting
from bench.system.wording import shown


@dataclass(frozen=True, kw_only=True)
class LvisOptions(FolderOptions):
    """The files, relative to the root."""

    train: str = setting("lvis_v1_train.json", "the training annotations")
    test: str = setting("lvis_v1_val.json", "the annotations that are tested on")


@DATASETS.register("lvis")
class Lvis(FolderDataset):
    """LVIS v1: 1,203 categories; present where annotated, absent where an image says so, unknown elsewhere."""

    Options = LvisOptions
    layout = "lvis_v1_train.json, lvis_v1_val.json, train2017/ and val2017/"
    collection = "coco"
    options: LvisOptions

    def sources(self, part: DataPart) -> Sequence[Path]:
        return (self.folder / (self.options.train if part == "train" else self.options.test),)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder

    def read(self, part: DataPart) -> Listing:
        return read_lvis(self.sources(part)[0])


def read_lvis(source: Path) -> Listing:
    """Images by `coco_url` in the file's order, labels int8 (N, C), and class names by ascending category id.

    A category in `not_exhaustive_category_ids` has objects that were not annotated: it is present if one was, and else
    unknown, whatever the other fields say.
    """
    content = read_object(source, "no LVIS file")
    images, categories = content.entries("images"), content.entries("categories")
    categories.sort(key=lambda category: int(category.get("id", int)))
    row, column = ({one.get("id", int): i for i, one in enumerate(listed)} for listed in (images, categories))
    if len(row) != len(images) or len(column) != len(categories):
        raise DataError(f"{source} lists an image or a category twice; use the official file.")
    labels = np.zeros((len(images), len(categories)), np.int8)
    for one, image in zip(labels, images, strict=True):
        one[_columns(image, "neg_category_ids", column)] = -1
        one[_columns(image, "not_exhaustive_category_ids", column)] = 0
    for annotation in content.entries("annotations"):
        place = row.get(annotation.get("image_id", int)), column.get(annotation.get("category_id", int))
        if None in place:
            raise content.error(f"{annotation.where} is of an image or a category that the file does not list")
        labels[place] = 1
    names = tuple(category.get("name", str) for category in categories)
    return Listing(tuple(_file_name(image) for image in images), labels, names)


def _columns(image: JsonObject, key: str, column: dict[int, int]) -> list[int]:
    ids = image.get(key, list)
    wrong = next((one for one in ids if type(one) is not int or one not in column), None)
    if wrong is not None:
        raise image.error(f"{image.path(key)} holds {shown(wrong)}, which is no category of the file")
    return [column[one] for one in ids]


def _file_name(image: JsonObject) -> str:
    """`train2017/000000391895.jpg`: in LVIS only the address holds the folder, and test images come from both."""
    return "/".join(image.get("coco_url", str).split("/")[-2:])
