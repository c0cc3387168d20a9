"""PASCAL VOC 2007 and 2012 in their official layout: ImageSets/Main/*.txt, JPEGImages/, Annotations/."""

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from bench.data.base import DATASETS, Box
from bench.data.download import Archive
from bench.data.folder import DataPart, FolderDataset, FolderOptions
from bench.data.listing import Listing
from bench.data.lists import read_lines
from bench.data.official import Official
from bench.errors import DataError
from bench.settings.config import setting
from bench.system.wording import shown

VOC_CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


@dataclass(frozen=True, kw_only=True)
class VocOptions(FolderOptions):
    """What objects marked difficult mean."""

    difficult: Literal["negative", "positive", "ignore"] = setting(
        "negative",
        "a class that shows only objects marked difficult: negative, as DualCoOp, HCP, TaI-DPT and ROLE read it; "
        "positive; or ignore: negative in training and left out of the metrics, as mmpretrain does",
    )


class Voc(FolderDataset):
    """What the two years share. `lists` names the image list of each part."""

    Options = VocOptions
    official_classes = "7d877f185c807bc51b4cfb4f4202fc0b4e1c6724b782ba245fe36f8d254f0ad7"
    clean_names: ClassVar[Mapping[str, str]] = {
        "aeroplane": "airplane",
        "diningtable": "dining table",
        "motorbike": "motorcycle",
        "pottedplant": "potted plant",
        "tvmonitor": "tv monitor",
    }
    year: ClassVar[str]
    lists: ClassVar[Mapping[DataPart, str]]

    def locate(self, root: Path) -> Path:
        around = (root, root / f"VOC{self.year}", root / "VOCdevkit" / f"VOC{self.year}")
        return next((folder for folder in around if (folder / "ImageSets").is_dir()), root)

    def sources(self, part: DataPart) -> Sequence[Path]:
        """The image list, then the labels: Main's class lists, or the XML annotations if there is none of those."""
        main = self.folder / "ImageSets" / "Main"
        images = main / f"{self.lists[part]}.txt"
        labels = [main / f"{name}_{self.lists[part]}.txt" for name in VOC_CLASSES]
        if images.is_file() and not any(path.is_file() for path in labels):
            labels = [self.folder / "Annotations" / f"{image}.xml" for image in read_lines(images)]
        return (images, *labels)

    def image_folder(self, part: DataPart) -> Path:
        return self.folder / "JPEGImages"

    def read(self, part: DataPart) -> Listing:
        images, *sources = self.sources(part)
        ids = tuple(read_lines(images))
        values = (
            read_annotations(sources) if sources and sources[0].suffix == ".xml" else read_main(sources, ids, images)
        )
        difficult = values == 0
        labels = np.where(values == 1, 1, -1).astype(np.int8)
        if self.options.difficult == "positive":
            labels[difficult] = 1
        ignored = difficult if self.options.difficult == "ignore" else None
        return Listing(tuple(f"{image}.jpg" for image in ids), labels, VOC_CLASSES, ignored)

    def boxes(self, part: str) -> Sequence[Sequence[Box]] | None:
        """Boxes; of objects marked difficult only where these count as positive."""
        sources = [self.folder / "Annotations" / f"{Path(name).stem}.xml" for name in getattr(self, part).ids]
        if not all(source.is_file() for source in sources):
            return None
        boxes = [read_voc_boxes(source, self.options.difficult == "positive") for source in sources]
        return None if None in boxes else boxes  # type: ignore[return-value]

    def pinned(self, part: DataPart) -> Official | None:
        pinned = super().pinned(part)  # the papers' labels: difficult objects are negative
        changed = pinned and self.options.difficult == "positive"
        return replace(pinned, annotated=None, positives=None, labels=None) if changed else pinned  # type: ignore[type-var]


@DATASETS.register("voc2007")
class Voc2007(Voc):
    """PASCAL VOC 2007: 20 classes, trainval (5,011 images) to test (4,952); partial-label papers mean this one."""

    layout = "VOC2007/ with ImageSets/Main/ and JPEGImages/ of both the trainval and the test archive"
    year = "2007"
    lists: ClassVar[Mapping[DataPart, str]] = {"train": "trainval", "test": "test"}
    official: ClassVar[Mapping[DataPart, Official]] = {
        "train": Official(
            5_011,
            annotated=5_011,
            positives=7_306,
            order="d779990a2068b2742990bfb62f921938d3fcf3851147ca0bdc6dcc48ac8836c3",
            labels="4bc64b67f82186949e6bc8e7db392cc838bf6507e9cc94aeb10e5da158d7f5fe",
        ),
        "test": Official(
            4_952,
            annotated=4_952,
            positives=7_013,
            order="21d4b7dad3747292e81ce0f511c61b9f066559982c04138bbf3187b22414785a",
            labels="2a7d6b075de231603a6a91ba0c589646a59daf49444213e9c931f37504d92357",
        ),
    }
    archives = (
        Archive(
            "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/VOCtrainval_06-Nov-2007.tar",
            "c52e279531787c972589f7e41ab4ae64",
            provides="VOCdevkit/VOC2007/ImageSets/Main/trainval.txt",
        ),
        Archive(
            "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/VOCtest_06-Nov-2007.tar",
            "b6e924de25625d8de591ea690078ad9f",
            provides="VOCdevkit/VOC2007/ImageSets/Main/test.txt",
        ),
    )


@DATASETS.register("voc2012")
class Voc2012(Voc):
    """PASCAL VOC 2012: 20 classes, train (5,717 images) to val (5,823); single-positive papers mean this one."""

    layout = "VOC2012/ with ImageSets/Main/ and JPEGImages/"
    year = "2012"
    lists: ClassVar[Mapping[DataPart, str]] = {"train": "train", "test": "val"}
    official: ClassVar[Mapping[DataPart, Official]] = {
        "train": Official(5_717, order="2fbfcd06b5fbf905a3585862360133753cf519cdfa81c1aef23bfe8eaad36be5"),
        "test": Official(
            5_823,
            annotated=5_823,
            positives=8_856,
            order="7094517c80d85ed341097dcf41370baf4089078d68fbf4744c1d741dc79840fb",
            labels="6c449ae300f1acaffa51314abc75eec210933031d808f11c04d4af6b669d1242",
        ),
    }
    archives = (
        Archive(
            "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
            "6cd6e144f989b92b3379bac3b3de84fd",
            provides="VOCdevkit/VOC2012/ImageSets/Main/train.txt",
        ),
    )


def read_main(sources: Sequence[Path], ids: Sequence[str], images: Path) -> np.ndarray:
    """Main's class lists as int8 (N, 20): 1 present, -1 absent, 0 only difficult objects."""
    columns = []
    for source in sources:
        rows = [line.split() for line in read_lines(source)]
        if any(len(row) != 2 or row[1] not in ("1", "-1", "0") for row in rows):
            raise DataError(f"{source} must hold lines of an image and 1, -1 or 0; use the official file.")
        if [row[0] for row in rows] != list(ids):
            raise DataError(f"{source} does not list the images of {images} in their order; use official files.")
        columns.append([int(row[1]) for row in rows])
    return np.array(columns, np.int8).T.reshape(len(ids), len(sources))


def read_annotations(sources: Sequence[Path]) -> np.ndarray:
    """XML annotations as int8 (N, 20): 1 present, -1 absent, 0 only difficult objects."""
    values = np.full((len(sources), len(VOC_CLASSES)), -1, np.int8)
    for row, source in zip(values, sources, strict=True):
        for column, difficult, _ in _objects(annotation_root(source), source):
            row[column] = max(row[column], int(not difficult))
    return values


def read_voc_boxes(source: Path, difficult: bool) -> list[Box] | None:
    """The objects of an XML annotation, those marked difficult among them or not; its pixels count from 1.

    None where it leaves out a box or the image's size, as some programs do.
    """
    root, boxes = annotation_root(source), []
    size = _numbers(root, "size", ("width", "height"))
    if size is None or not all(side > 0 for side in size):
        return None
    width, height = size
    for column, hard, item in _objects(root, source):
        edges = _numbers(item, "bndbox", ("xmin", "ymin", "xmax", "ymax"))
        if edges is None:
            return None
        left, top, right, bottom = edges
        if difficult or not hard:
            boxes.append(Box(column, (left - 1) / width, (top - 1) / height, right / width, bottom / height))
    return boxes


def annotation_root(source: Path) -> ElementTree.Element:
    """The content of an XML annotation."""
    try:
        return ElementTree.parse(source).getroot()
    except ElementTree.ParseError as error:
        raise DataError(f"{source} is no VOC annotation: it is no XML ({error}); use the official file.") from None


def _objects(root: ElementTree.Element, source: Path) -> Iterator[tuple[int, bool, ElementTree.Element]]:
    """Of each object: the column of its class, whether it is marked difficult, and its XML element."""
    for item in root.iter("object"):
        name = (item.findtext("name") or "").strip()
        if name not in VOC_CLASSES:
            raise DataError(
                f"{source} is no VOC annotation: the object {shown(name)} is none of its 20 classes; "
                "use the official file."
            )
        yield VOC_CLASSES.index(name), (item.findtext("difficult") or "0").strip() != "0", item


def _numbers(element: ElementTree.Element, inside: str, names: Sequence[str]) -> list[float] | None:
    """The numbers in `element`'s child `inside`; None if one is not there."""
    try:
        numbers = [float(element.findtext(f"{inside}/{name}") or "") for name in names]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None
