"""Thumbnails and boxes of test images, from the dataset's own files where they are at hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from bench.axes.components import options_of
from bench.data import DATASETS, Dataset
from bench.data.base import Box
from bench.data.folder import FolderDataset
from bench.data.images import ImageFiles
from bench.data.roots import find_root
from bench.errors import BenchError, DataError
from bench.mistakes.thumbnails import Thumbnail, side_of, thumbnail
from bench.records.component import Component
from bench.records.names import printable
from bench.records.reader import Targets


@dataclass(frozen=True)
class Pictures:
    """thumbnails, boxes: by test image. unreadable: a sentence by image id. problems: sentences on what is missing."""

    thumbnails: Mapping[int, Thumbnail] = field(default_factory=dict)
    boxes: Mapping[int, Sequence[Box]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_pictures(
    component: Component, targets: Targets, rows: Iterable[int], root: Path | None, cache: Path
) -> Pictures:
    """Of the test images `rows`; what cannot be read is left out and named."""
    wanted = sorted(set(rows))
    try:
        dataset = _opened(component, root, cache)
        image = _test_images(dataset, targets)
    except BenchError as error:
        return Pictures(problems=(f"there are no thumbnails: {str(error).removesuffix('.')}",))
    side, thumbnails, unreadable = side_of(len(wanted)), {}, {}
    for row in wanted:
        try:
            thumbnails[row] = thumbnail(image(row), side)
        except DataError as error:
            unreadable[targets.ids[row]] = str(error)
    boxes, problems = _boxes(dataset, targets, wanted)
    return Pictures(thumbnails, boxes, unreadable, problems)


def _opened(component: Component, root: Path | None, cache: Path) -> Dataset:
    kind = DATASETS.get(component.name)
    options: Any = options_of(component, kind.Options)
    return kind(options, find_root(component.name, root) if kind.needs_root else root, cache)


def _test_images(dataset: Dataset, targets: Targets) -> Callable[[int], Image.Image]:
    """Opens an image by its row in the cell's test split; DataError where the files are of other data than the cell's.

    Names and labels are compared, and not all bytes of all images: one damaged file must not cost the others. Of a
    folder only the list is read, so that images that `bench prepare` found damaged are no obstacle either.
    """
    if isinstance(dataset, FolderDataset):
        listing = dataset.listing("test")
        ids, judged = listing.ids, listing.judged
    else:
        ids, judged = dataset.test.ids, dataset.test.judged
    places = {name: place for place, name in enumerate(ids)}
    own = [places.get(name, -1) for name in targets.ids]
    # Where nothing can be measured, the stored labels hold 0.
    if (
        tuple(printable(dataset.class_names)) != targets.class_names
        or min(own, default=0) < 0
        or not ((judged[own] == targets.labels) | (targets.labels == 0)).all()
    ):
        raise DataError(
            f"the files of dataset {dataset.name!r} list other images, classes or labels than those of the cell; give "
            "the same ones with --root."
        )
    if isinstance(dataset, FolderDataset):
        files = ImageFiles(dataset.image_paths("test", [ids[place] for place in own]))
        return lambda row: files[row]
    images = dataset.test.images
    return lambda row: images[own[row]]


def _boxes(
    dataset: Dataset, targets: Targets, rows: Sequence[int]
) -> tuple[Mapping[int, Sequence[Box]], tuple[str, ...]]:
    try:
        boxes = dataset.boxes("test")
        if boxes is None:
            return {}, ()
        by_id = dict(zip(dataset.test.ids, boxes, strict=True))
    except BenchError as error:
        return {}, (f"there are no boxes: {str(error).removesuffix('.')}",)
    return {row: by_id.get(targets.ids[row], ()) for row in rows}, ()
