"""NUS-WIDE with its 81 concepts: the official lists, or the lists of the ASL, Hill and SCPNet repositories.

At least four versions with other images circulate; numbers on one say nothing about another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from bench.data.base import DATASETS
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.lists import read_index_list, read_lines
from bench.data.official import Official
from bench.data.paths import first_folder
from bench.errors import DataError
from bench.settings.config import setting

NUSWIDE_CLASSES = tuple(
    """
    airport animal beach bear birds boats book bridge buildings cars castle cat cityscape clouds computer coral cow
    dancing dog earthquake elk fire fish flags flowers food fox frost garden glacier grass harbor horses house lake
    leaf map military moon mountain nighttime ocean person plane plants police protest railroad rainbow reflection
    road rocks running sand sign sky snow soccer sports statue street sun sunset surf swimmers tattoo temple tiger
    tower town toy train tree valley vehicle water waterfall wedding whales window zebra
    """.split()  # noqa: SIM905
)
PLURALS = tuple("birds boats buildings cars clouds flags flowers horses plants rocks swimmers whales".split())  # noqa: SIM905
OFFICIAL: dict[str, dict[DataPart, Official]] = {
    "official": {"train": Official(161_789, annotated=125_449), "test": Official(107_859, annotated=83_898)},
    "asl": {
        "train": Official(119_103, positives=289_460),
        "test": Official(
            50_720,
            annotated=50_720,
            positives=123_567,
            order="a08fbe1d56807272eff97e4b351fe409a59f3a195adafb1d6598f4a06e0e82ad",
            labels="edb6dcc14a6a8633976161813cae5b117567591a9f2fc6b01e9a4a81cfcf4ead",
        ),
    },
}


@dataclass(frozen=True, kw_only=True)
class NusWideOptions(FolderOptions):
    """Which of the circulating versions."""

    lists: Literal["official", "asl"] = setting(
        "official", "official: 161,789 / 107,859 images; asl: the 119,103 / 50,720 of ASL, Hill and SCPNet"
    )
    images: Literal["all", "annotated"] = setting(
        "all", "annotated leaves out images without any label (official: 125,449 / 83,898 stay)"
    )
    train: str = setting("nus_train.txt", "with lists=asl: the training list, lines 'path,index index'")
    test: str = setting("nus_val.txt", "with lists=asl: the test list")


@DATASETS.register("nuswide")
class NusWide(FolderDataset):
    """NUS-WIDE: 81 concepts; official lists, or with lists=asl those of the ASL and SCPNet repositories."""

    Options = NusWideOptions
    lists_option = "lists"
    layout = "ImageList/, Groundtruth/TrainTestLabels/ and Flickr/ (or with lists=asl the two lists and images/)"
    official_classes = "454b648677332111743cef9d74eacca941c9df4c61bd2d2a273c7d466941d04b"
    clean_names: ClassVar[Mapping[str, str]] = {
        **{plural: plural.removesuffix("s") for plural in PLURALS},
        "nighttime": "night",
        "plane": "airplane",
    }

    def pinned(self, part: DataPart) -> Official | None:
        return OFFICIAL[self.options.lists][part]

    def sources(self, part: DataPart) -> Sequence[Path]:
        if self.options.lists == "asl":
            return (self.folder / (self.options.train if part == "train" else self.options.test),)
        word = part.capitalize()
        truth = self.folder / "Groundtruth" / "TrainTestLabels"
        images = self.folder / "ImageList" / f"{word}Imagelist.txt"
        return (images, *(truth / f"Labels_{name}_{word}.txt" for name in NUSWIDE_CLASSES))

    def image_folder(self, part: DataPart) -> Path:
        official = self.options.lists == "official"
        return first_folder(self.folder, *(("Flickr", "images") if official else ("images", "Flickr")))

    def read(self, part: DataPart) -> Listing:
        images, *truth = self.sources(part)
        if self.options.lists == "asl":
            return Listing(*read_index_list(images, len(NUSWIDE_CLASSES)), NUSWIDE_CLASSES)
        ids = tuple(read_lines(images))
        labels = np.empty((len(ids), len(NUSWIDE_CLASSES)), np.int8)
        for column, source in enumerate(truth):
            values = read_lines(source)
            if len(values) != len(ids):
                raise DataError(f"{source} holds {len(values)} labels for the {len(ids)} images of {images}.")
            if not set(values) <= {"0", "1"}:
                raise DataError(f"{source} must hold a 0 or a 1 a line; use the official file.")
            labels[:, column] = np.where(np.array(values) == "1", 1, -1)
        return Listing(ids, labels, NUSWIDE_CLASSES)

    def counts(self, labels: np.ndarray) -> np.ndarray:
        return super().counts(labels) if self.options.images == "all" else (labels == 1).any(axis=1)
