"""Any dataset as two text lists and a file of class names: the format of the ASL, SCPNet and Hill repositories."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.base import DATASETS
from bench.data.coding import CODING, Coding
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.lists import read_index_list, read_names
from bench.settings.config import setting


@dataclass(frozen=True, kw_only=True)
class ListFileOptions(FolderOptions):
    """The files, relative to the root."""

    train: str = setting("train.txt", "the training list, lines 'path,index index' with zero-based class indices")
    test: str = setting("test.txt", "the test list")
    classes: str = setting("classes.txt", "the class names in index order, one a line")
    labels: Coding = setting("auto", f"what stands behind the comma: {CODING}")
    folder: str = setting("images", "the folder that the lists' paths start from")


@DATASETS.register("listfile")
class ListFile(FolderDataset):
    """Your own images: lists of 'path,index index', a file of class names, a folder of images."""

    Options = ListFileOptions
    users_own = True
    layout = "train.txt, test.txt, classes.txt and images/ (other names: see the options)"

    def sources(self, part: DataPart) -> Sequence[Path]:
        image_list = self.options.train if part == "train" else self.options.test
        return (self.folder / image_list, self.folder / self.options.classes)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / self.options.folder

    def read(self, part: DataPart) -> Listing:
        images, names = self.sources(part)
        classes = read_names(names)
        return Listing(*read_index_list(images, len(classes), self.options.labels), classes)
