"""COCO's format with names and categories of any kind: COCO 2017, or a file that a labelling program exported."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.base import DATASETS, Box
from bench.data.coco import read_coco_boxes, read_instances
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.settings.config import setting


@dataclass(frozen=True, kw_only=True)
class CocoOwnOptions(FolderOptions):
    """The files and image folders, relative to the root."""

    train: str = setting("annotations/instances_train2017.json", "the training annotations")
    test: str = setting("annotations/instances_val2017.json", "the test annotations")
    train_folder: str = setting("train2017", "the folder that file names of the training annotations start from")
    test_folder: str = setting("val2017", "the same for the test annotations")


@DATASETS.register("coco_own")
class CocoOwn(FolderDataset):
    """Your own images in COCO's format (instances JSON), with categories of your own; by default COCO 2017's names."""

    Options = CocoOwnOptions
    users_own = True
    layout = "annotations/instances_{train,val}2017.json, train2017/ and val2017/ (other names: see the options)"
    options: CocoOwnOptions

    def sources(self, part: DataPart) -> Sequence[Path]:
        return (self.folder / (self.options.train if part == "train" else self.options.test),)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / (self.options.train_folder if part == "train" else self.options.test_folder)

    def read(self, part: DataPart) -> Listing:
        return read_instances(self.sources(part)[0])

    def boxes(self, part: str) -> Sequence[Sequence[Box]] | None:
        boxes = read_coco_boxes(self.sources(part)[0])  # type: ignore[arg-type]
        return None if boxes is None else [boxes[name] for name in getattr(self, part).ids]
