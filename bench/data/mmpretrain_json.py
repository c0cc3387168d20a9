"""mmpretrain's MultiLabelDataset files: metainfo with classes, data_list of img_path and gt_label."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.base import DATASETS
from bench.data.coding import CODING, Coding, class_indices
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.json_file import read_object
from bench.data.listing import Listing
from bench.data.lists import label_matrix
from bench.settings.config import setting


@dataclass(frozen=True, kw_only=True)
class MmpretrainOptions(FolderOptions):
    """The files, relative to the root, as mmpretrain's ann_file and data_prefix."""

    train: str = setting("train.json", "the training annotations")
    test: str = setting("test.json", "the test annotations")
    labels: Coding = setting("auto", f"what gt_label holds: {CODING}")
    folder: str = setting("", "the folder that img_path starts from; empty: the root")


@DATASETS.register("mmpretrain_json")
class MmpretrainJson(FolderDataset):
    """Your own images with annotations for mmpretrain's MultiLabelDataset (JSON)."""

    Options = MmpretrainOptions
    users_own = True
    layout = "train.json, test.json and the images (other names: see the options)"

    def sources(self, part: DataPart) -> Sequence[Path]:
        return (self.folder / (self.options.train if part == "train" else self.options.test),)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / self.options.folder

    def read(self, part: DataPart) -> Listing:
        (source,) = self.sources(part)
        content = read_object(source, "no MultiLabelDataset file")
        classes = tuple(content.entry("metainfo").get("classes", list))
        items = content.entries("data_list")
        ids = tuple(item.get("img_path", str) for item in items)
        rows = [item.get("gt_label", list) for item in items]
        indices = class_indices(rows, len(classes), source, lambda row: f"image {ids[row]!r}", self.options.labels)
        return Listing(ids, label_matrix(indices, len(classes)), classes)
