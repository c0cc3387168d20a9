"""CUB-200-2011 with its 312 attributes as classes, in its official layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from bench.data.base import DATASETS
from bench.data.download import Archive
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.lists import read_lines
from bench.data.official import Official
from bench.errors import DataError
from bench.settings.config import setting

ATTRIBUTES = 312


@dataclass(frozen=True, kw_only=True)
class CubOptions(FolderOptions):
    """Which names stand in prompts."""

    names: Literal["raw", "clean", "scpnet"] = setting(  # type: ignore[assignment]
        "scpnet",
        "names in prompts: scpnet, as SCPNet and HSPNet have them, 'blue under'; clean: 'blue under tail'; "
        "raw: 'has_under_tail_color::blue'",
    )


@DATASETS.register("cub")
class Cub(FolderDataset):
    """CUB-200-2011: 312 bird attributes, 5,994 to 5,794 images; is_present is the label, certainty is not used."""

    Options = CubOptions
    layout = "CUB_200_2011/ with images.txt, train_test_split.txt, attributes/ and images/"
    official: ClassVar[Mapping[DataPart, Official]] = {
        "train": Official(5_994, order="c04cbe44e79ef2129afac49a15eb51b8f050cdef140cef4cf908cef823000b66"),
        "test": Official(
            5_794,
            annotated=5_794,
            positives=182_704,
            order="f654e4676187fc322ad409487faa3568bffa751438198011692e7ff01be574ca",
            labels="52231b401406c75333d8fe47b733a3db74bec728020d0dfd1a3b9ea5683b3dde",
        ),
    }
    official_classes = "c796938559f4ddfa613047dbbcb2c17a830f92d65e78c6160e124aa0b357d961"
    archives = (
        Archive(
            "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
            "97eceeb196236b17998738112f37df78",
            provides="CUB_200_2011/images.txt",
        ),
    )

    def locate(self, root: Path) -> Path:
        return (
            root if (root / "images.txt").is_file() or not (root / "CUB_200_2011").is_dir() else root / "CUB_200_2011"
        )

    def sources(self, part: DataPart) -> Sequence[Path]:
        names = (self.folder / "attributes" / "attributes.txt", self.folder / "attributes.txt")
        beside = self.folder.parent / "attributes.txt"  # where the official archive unpacks it
        return (
            self.folder / "images.txt",
            self.folder / "train_test_split.txt",
            self.folder / "attributes" / "image_attribute_labels.txt",
            next((path for path in names if path.is_file()), beside),
        )

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / "images"

    def read(self, part: DataPart) -> Listing:
        images, split, labels, names = self.sources(part)
        paths, training = _numbered(images), _numbered(split)
        if list(paths) != list(training):
            raise DataError(f"{images} and {split} do not number the same images; use the official files.")
        flag = "1" if part == "train" else "0"
        numbers = [number for number in paths if training[number] == flag]
        classes = tuple(_numbered(names).values())
        if len(classes) != ATTRIBUTES:
            raise DataError(f"{names} names {len(classes)} attributes instead of {ATTRIBUTES}; use the official file.")
        return Listing(tuple(paths[n] for n in numbers), read_attributes(labels, numbers, len(classes)), classes)

    def prompt_name(self, raw: str) -> str:
        """`has_wing_color::blue` -> `blue wing`, `has_bill_shape::curved_(up_or_down)` -> `curved bill`."""
        attribute, _, value = raw.partition("::")
        part = attribute.removeprefix("has_").removesuffix("_shape").removesuffix("_color").removesuffix("_pattern")
        words = value.partition("_(")[0]
        if self.options.names == "scpnet":
            return f"{words} {raw.split('_')[1]}"  # their rule, oddities such as 'large size::large' included
        part = part.removesuffix("_length").replace("_", " ")
        words = words.replace("_", " ")
        return words if part in words else f"{words} {part}"


def _numbered(path: Path) -> dict[int, str]:
    """Lines `12 text` as {12: text}, in the file's order."""
    rows = {}
    for line in read_lines(path):
        number, _, text = line.partition(" ")
        if not (number.isascii() and number.isdigit() and text):
            raise DataError(f"{path}: {line!r} is no line of a number and a text; use the official file.")
        rows[int(number)] = text.strip()
    return rows


def read_attributes(path: Path, numbers: Sequence[int], classes: int) -> np.ndarray:
    """Lines `image attribute is_present ...` as labels int8 (N, classes) of the images with those numbers.

    Some of the official file's 3.7 million lines have a field too many; the first three are always these.
    """
    try:
        image, attribute, present = np.loadtxt(
            path, np.int64, usecols=(0, 1, 2), unpack=True, ndmin=2, comments=None, encoding="utf-8-sig"
        )
    except (ValueError, OSError) as error:
        raise DataError(f"{path} must hold lines 'image attribute is_present certainty time' ({error}).") from None
    if not len(image):
        raise DataError(f"{path} is empty; use the official file.")
    wrong = np.flatnonzero((image < 0) | (attribute < 1) | (attribute > classes) | ~np.isin(present, (0, 1)))
    if len(wrong):
        raise DataError(f"{path}, line {wrong[0] + 1}: attributes are 1 to {classes}, is_present is 0 or 1.")
    row = np.full(max(image.max(), *numbers) + 1, -1)
    row[list(numbers)] = np.arange(len(numbers))
    known = row[image] >= 0
    labels = np.zeros((len(numbers), classes), np.int8)
    labels[row[image[known]], attribute[known] - 1] = np.where(present[known] == 1, 1, -1)
    if (labels == 0).any():
        i, c = np.argwhere(labels == 0)[0]
        raise DataError(f"{path} lacks attribute {c + 1} of image {numbers[i]}; use the official file.")
    return labels
