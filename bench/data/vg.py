"""Visual Genome with the labels of SSGRL and HCP-MLR-PL: the 200 or 500 most frequent objects on one pair of lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.data.base import DATASETS
from bench.data.coding import class_indices
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.json_file import read_object
from bench.data.listing import Listing
from bench.data.lists import label_matrix, read_lines, read_names
from bench.data.official import Official
from bench.settings.config import setting

FOLDERS = ("VG_100K", "VG_100K_2")
"""Visual Genome comes in two archives; some copies have all images in the first folder."""


@dataclass(frozen=True, kw_only=True)
class VgOptions(FolderOptions):
    """Where the class names are, which the label files do not hold."""

    classes: str = setting("", "file of class names in index order, one a line; empty: vg_category_{200,500}_names.txt")


class VisualGenome(FolderDataset):
    """What the two label sets share: image lists, folders, and labels as indices by image name."""

    Options = VgOptions
    collection = "vg"
    size: ClassVar[int]
    official: ClassVar[Mapping[DataPart, Official]] = {
        "train": Official(82_904, order="53bdd4d986c7c4a3bd029aabe761351efdf1a75bebdae1fd81875365de648aca"),
        "test": Official(10_000, order="00114f248d6b5b59bbaf26a6fe1fa0fb2974a1594506b7b2727aedf4204c7748"),
    }

    def sources(self, part: DataPart) -> Sequence[Path]:
        return (
            self.folder / f"{part}_list_500.txt",
            self.folder / f"vg_category_{self.size}_labels_index.json",
            self.folder / (self.options.classes or f"vg_category_{self.size}_names.txt"),
        )

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / FOLDERS[0]

    def image_paths(self, part: DataPart, ids: Sequence[str]) -> list[Path]:
        first, second = (self.folder / name for name in FOLDERS)
        others = {path.name for path in second.iterdir()} if second.is_dir() else set()
        return [(second if name in others else first) / name for name in ids]

    def read(self, part: DataPart) -> Listing:
        images, indices, names = self.sources(part)
        ids, classes = tuple(read_lines(images)), read_names(names, self.size)
        content = read_object(indices, "no JSON object of index lists by image name")
        rows = [content.get(image, list) for image in ids]
        where = lambda row: f"image {ids[row]!r}"  # noqa: E731
        pairs = class_indices(rows, self.size, indices, where, "indices", repeats=True)  # an index an object
        return Listing(ids, label_matrix(pairs, self.size), classes)


@DATASETS.register("vg200")
class Vg200(VisualGenome):
    """Visual Genome, its 200 most frequent objects, on the lists of VG-500 (82,904 to 10,000 images)."""

    size = 200
    layout = "{train,test}_list_500.txt, vg_category_200_labels_index.json, a file of the 200 names, and VG_100K/"


@DATASETS.register("vg500")
class Vg500(VisualGenome):
    """Visual Genome, its 500 most frequent objects (82,904 to 10,000 images), as in SSGRL."""

    size = 500
    layout = "{train,test}_list_500.txt, vg_category_500_labels_index.json, a file of the 500 names, and VG_100K/"
