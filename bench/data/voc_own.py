"""PASCAL VOC's layout with classes of any kind, and images in any format: an export of a labelling program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench.data.base import DATASETS
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.lists import read_lines, read_names
from bench.data.voc import annotation_root
from bench.errors import DataError
from bench.settings.config import setting
from bench.system.wording import shown, some

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


@dataclass(frozen=True, kw_only=True)
class VocOwnOptions(FolderOptions):
    """The lists, relative to ImageSets/Main, and the classes."""

    train: str = setting("train.txt", "the list of training images, their names without ending")
    test: str = setting("val.txt", "the list of test images")
    classes: str = setting("", "file of class names, one a line, relative to the root; empty: those of all annotations")
    difficult: Literal["negative", "positive"] = setting("positive", "a class that shows only objects marked difficult")


@DATASETS.register("voc_own")
class VocOwn(FolderDataset):
    """Your own images in PASCAL VOC's layout (XML annotations), with classes of your own, as JPEG, PNG or others."""

    Options = VocOwnOptions
    users_own = True
    layout = "ImageSets/Main/train.txt, val.txt, Annotations/*.xml and JPEGImages/ (other names: see the options)"
    options: VocOwnOptions

    def sources(self, part: DataPart) -> Sequence[Path]:
        """The part's list and all annotations of both parts, which decide the classes."""
        lists = {one: self._list(one) for one in ("train", "test")}
        names = [self.folder / self.options.classes] if self.options.classes else []
        of = [part] if self.options.classes else ["train", "test"]
        present = [one for one in of if lists[one].is_file()]
        return (lists[part], *names, *(self._annotation(image) for one in present for image in read_lines(lists[one])))

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / "JPEGImages"

    def image_paths(self, part: DataPart, ids: Sequence[str]) -> list[Path]:
        """By the names without ending; of an image that is not there the name with .jpg."""
        folder = self.image_folder(part)
        endings: dict[str, str] = {}
        for directory in {(folder / name).parent for name in ids}:
            for path in sorted(directory.iterdir()) if directory.is_dir() else ():
                if path.suffix.lower() in ENDINGS:
                    endings.setdefault(path.with_suffix("").relative_to(folder).as_posix(), path.suffix)
        return [folder / f"{name}{endings.get(name, '.jpg')}" for name in ids]

    def read(self, part: DataPart) -> Listing:
        source, ids = self._list(part), read_lines(self._list(part))
        objects = [self._objects(image) for image in ids]
        classes = self._classes(part, objects)
        place = {name: i for i, name in enumerate(classes)}
        labels = np.full((len(ids), len(classes)), -1, np.int8)
        for row, image, listed in zip(labels, ids, objects, strict=True):
            for name, difficult in listed:
                if name not in place:
                    raise DataError(
                        f"{self._annotation(image)}: the object {shown(name)} is none of the classes {some(classes)}; "
                        "add it to the file of classes (voc_own.classes)."
                    )
                if not difficult or self.options.difficult == "positive":
                    row[place[name]] = 1
        if not classes:
            raise DataError(f"no annotation of the images in {source} holds an object, so there is no class.")
        return Listing(tuple(ids), labels, classes)

    def _classes(self, part: DataPart, objects: Sequence[Sequence[tuple[str, bool]]]) -> tuple[str, ...]:
        if self.options.classes:
            return read_names(self.folder / self.options.classes)
        other = self._list("test" if part == "train" else "train")
        more = [self._objects(image) for image in read_lines(other)]
        return tuple(sorted({name for listed in (*objects, *more) for name, _ in listed}))

    def _list(self, part: str) -> Path:
        return self.folder / "ImageSets" / "Main" / (self.options.train if part == "train" else self.options.test)

    def _annotation(self, image: str) -> Path:
        return self.folder / "Annotations" / f"{image}.xml"

    def _objects(self, image: str) -> list[tuple[str, bool]]:
        """Each object's class, and whether it is marked difficult."""
        root = annotation_root(self._annotation(image))
        return [
            ((one.findtext("name") or "").strip(), (one.findtext("difficult") or "0").strip() != "0")
            for one in root.iter("object")
        ]
