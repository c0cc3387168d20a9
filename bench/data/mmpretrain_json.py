"""mmpretrain's MultiLabelDataset files: metainfo with classes, data_list of img_path and gt_label."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.base import DATASETS
from bench.data.folder import FolderDataset, FolderOptions, Listing, Part
from bench.data.lists import check_indices, label_matrix
from bench.errors import DataError
from bench.settings.config import setting


@dataclass(frozen=True, kw_only=True)
class MmpretrainOptions(FolderOptions):
    """The files, relative to the root, as mmpretrain's ann_file and data_prefix."""

    train: str = setting("train.json", "the training annotations")
    test: str = setting("test.json", "the test annotations")
    folder: str = setting("", "the folder that img_path starts from; empty: the root")


@DATASETS.register("mmpretrain_json")
class MmpretrainJson(FolderDataset):
    """Your own images with annotations for mmpretrain's MultiLabelDataset (JSON)."""

    Options = MmpretrainOptions
    users_own = True
    layout = "train.json, test.json and the images (other names: see the options)"

    def sources(self, part: Part) -> Sequence[Path]:
        return (self.folder / (self.options.train if part == "train" else self.options.test),)

    def image_folder(self, part: Part) -> Path:
        return self.folder / self.options.folder

    def read(self, part: Part) -> Listing:
        (source,) = self.sources(part)
        try:
            content = json.loads(source.read_text())
            classes = tuple(content["metainfo"]["classes"])
            ids = tuple(item["img_path"] for item in content["data_list"])
            positive = [item["gt_label"] for item in content["data_list"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{source} is no MultiLabelDataset file with metainfo.classes and data_list of img_path and gt_label "
                f"({type(error).__name__}: {error})."
            ) from None
        if not classes or not all(isinstance(text, str) for text in (*classes, *ids)):
            raise DataError(f"{source}: metainfo.classes and every img_path must be text, and one class at least.")
        for image, found in zip(ids, positive, strict=True):
            if not isinstance(found, list):
                raise DataError(f"{source}, image {image!r}: gt_label must be a list of indices, not {found!r}.")
            check_indices(found, len(classes), f"{source}, image {image!r}")
        return Listing(ids, label_matrix(positive, len(classes)), classes)
