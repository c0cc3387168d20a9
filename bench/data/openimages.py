"""Open Images (V4 to V7): labels of images that people verified, present or absent, for few of the classes each."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bench.data.base import DATASETS
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.json_file import read_object
from bench.data.listing import Listing
from bench.data.lists import read_names
from bench.data.table_rows import open_rows
from bench.errors import DataError
from bench.settings.config import setting
from bench.system.sparse import SparseLabels
from bench.system.wording import shown

LARGEST_MATRIX = 4 * 1024**3
"""Labels (images x classes, a byte each) that are held as a table; of more, those known are held as lists."""

CONFIDENCES: Mapping[str, int] = {"1": 1, "1.0": 1, "0": -1, "0.0": -1}


@dataclass(frozen=True, kw_only=True)
class OpenImagesOptions(FolderOptions):
    """The official files, and which classes count."""

    train: str = setting("oidv6-train-annotations-human-imagelabels.csv", "verified labels of the training images")
    test: Literal["test", "validation"] = setting("test", "the part that is tested on: its labels and its image folder")
    descriptions: str = setting("oidv6-class-descriptions.csv", "class names by LabelName")
    classes: str = setting("", "file of LabelNames (/m/...), one a line: these classes; empty: all that are described")
    hierarchy: str = setting("", "the official hierarchy (JSON): what is present makes its parents present; empty: not")


@DATASETS.register("openimages")
class OpenImages(FolderDataset):
    """Open Images: human-verified image-level labels; what was not verified is unknown."""

    Options = OpenImagesOptions
    layout = "oidv6-train-annotations-human-imagelabels.csv, test-annotations-human-imagelabels.csv, train/ and test/"
    collection = "openimages"
    options: OpenImagesOptions

    def sources(self, part: DataPart) -> Sequence[Path]:
        chosen = (self.options.descriptions, self.options.classes, self.options.hierarchy)
        labels = self.options.train if part == "train" else f"{self.options.test}-annotations-human-imagelabels.csv"
        return tuple(self.folder / name for name in (labels, *chosen) if name)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / ("train" if part == "train" else self.options.test)

    def read(self, part: DataPart) -> Listing:
        names = read_descriptions(self.folder / self.options.descriptions)
        wanted = read_names(self.folder / self.options.classes) if self.options.classes else tuple(names)
        without = next((name for name in wanted if name not in names), None)
        if without is not None:
            raise DataError(
                f"the class {shown(without)} has no name in {self.options.descriptions}; use files of one release."
            )
        parents = read_hierarchy(self.folder / self.options.hierarchy) if self.options.hierarchy else {}
        ids, labels = read_verified(self.sources(part)[0], wanted, parents)
        if part == "test" and isinstance(labels, SparseLabels):
            raise DataError(
                f"{self.sources(part)[0]} has {len(ids):,} images, which with {len(wanted):,} classes are "
                f"{labels.size / 1e9:.1f} GB of labels and {labels.size * 4 / 1e9:.1f} GB of scores; up to "
                f"{LARGEST_MATRIX / 1e9:.1f} GB of labels are tested on: choose classes with openimages.classes=FILE."
            )
        return Listing(tuple(f"{name}.jpg" for name in ids), labels, tuple(names[name] for name in wanted))


def read_descriptions(source: Path) -> dict[str, str]:
    """Class names by LabelName; a name that two classes share gets its LabelName behind it."""
    rows = open_rows(source, ",")
    lines = [*([rows.columns] if rows.columns[0].startswith("/") else []), *(cells for _, cells in rows.rows)]
    names = [(line[0].strip(), line[1].strip()) for line in lines if len(line) == 2]
    if len(names) != len(lines) or not names:
        raise DataError(f"{source} must hold lines of a LabelName and its name; use the official file.")
    counts = Counter(name for _, name in names)
    return {label: f"{name} ({label})" if counts[name] > 1 else name for label, name in names}


def read_hierarchy(source: Path) -> dict[str, set[str]]:
    """All classes above each one, by the official nested objects (LabelName, Subcategory, Part)."""
    above: dict[str, set[str]] = {}

    def walk(node: Any, parents: tuple[str, ...], depth: int) -> None:
        if not isinstance(node, dict) or not isinstance(node.get("LabelName"), str) or depth > 50:
            raise DataError(f"{source} is no class hierarchy: {shown(node)} has no LabelName.")
        above.setdefault(node["LabelName"], set()).update(parents)
        for child in node.get("Subcategory", ()):
            walk(child, (*parents, node["LabelName"]), depth + 1)

    walk(read_object(source, "no class hierarchy").content, (), 0)
    return above


def read_verified(source: Path, classes: Sequence[str], above: Mapping[str, set[str]]) -> tuple[list[str], np.ndarray]:
    """Image ids in the file's order, and labels int8 (N, C); kept as a sparse list until all are read.

    Where people disagree about an image and a class, it is unknown.
    """
    rows = open_rows(source, ",")
    needed = ("ImageID", "LabelName", "Confidence")
    if any(name not in rows.columns for name in needed):
        raise DataError(f"{source} has no columns {', '.join(needed)}; use the official file of human-verified labels.")
    image, label, confidence = map(rows.columns.index, needed)
    place = {name: i for i, name in enumerate(classes)}
    ids: dict[str, int] = {}
    entries, signs = (array("i"), array("i")), array("b")
    for where, cells in rows.rows:
        sign = CONFIDENCES.get(cells[confidence].strip())
        if sign is None:
            raise DataError(
                f"{source}, {where}: the confidence is {shown(cells[confidence])}; verified labels have 0 or 1: use "
                "the file of human-verified labels, not the machine's."
            )
        row = ids.setdefault(cells[image].strip(), len(ids))
        for name in (cells[label].strip(), *(above.get(cells[label].strip(), ()) if sign == 1 else ())):
            if name in place:
                entries[0].append(row)
                entries[1].append(place[name])
                signs.append(sign)
    return list(ids), verified_labels(entries, signs, len(ids), len(classes))


def verified_labels(
    entries: tuple[Sequence[int], Sequence[int]], signs: Sequence[int], images: int, classes: int
) -> np.ndarray:
    """Labels (N, C) of a list of (row, column) with signs: a table, or lists where that would be too large."""
    places = np.asarray(entries[0], np.int64) * classes + np.asarray(entries[1])
    present, absent = (np.unique(places[np.asarray(signs) == sign]) for sign in (1, -1))
    both = np.intersect1d(present, absent, assume_unique=True)
    present, absent = (np.setdiff1d(one, both, assume_unique=True) for one in (present, absent))
    if images * classes <= LARGEST_MATRIX:
        labels = np.zeros((images, classes), np.int8)
        labels.flat[present], labels.flat[absent] = 1, -1
        return labels
    places = np.concatenate((present, absent))
    values = np.repeat(np.array([1, -1], np.int8), (len(present), len(absent)))
    return SparseLabels.of_entries(places // classes, places % classes, values, (images, classes))
