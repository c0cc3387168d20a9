"""The properties of a dataset that makes its own images, or whose root is known on this machine."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.backbones import BACKBONES
from bench.conformance.properties import Properties, require
from bench.data import Dataset
from bench.data.roots import find_root
from bench.errors import UsageError

PROPERTIES = Properties()
Kind = type[Dataset]


def _opens(dataset: Kind) -> bool:
    return not dataset.needs_root or _root(dataset) is not None


def _root(dataset: Kind) -> Path | None:
    try:
        return find_root(dataset.name, None) if dataset.needs_root else None
    except UsageError:
        return None


def _open(dataset: Kind, cache: str) -> Any:
    return dataset(dataset.Options(), _root(dataset), Path(cache))


@PROPERTIES.property("says what it is", "`bench ls` prints the first line of its docstring")
def says_what_it_is(dataset: Kind) -> None:
    require((dataset.__doc__ or "").strip(), "it has no docstring")
    dataset.Options()


@PROPERTIES.property("names a known encoder", "a run that names no encoder takes its default")
def names_an_encoder(dataset: Kind) -> None:
    known = BACKBONES.names()
    require(dataset.default_backbone in known, f"its default {dataset.default_backbone!r} is none of the backbones")


@PROPERTIES.property(
    "its splits fit together", "columns of labels are classes, in the training and in the test split", _opens
)
def splits_fit(dataset: Kind) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as cache:
        opened = _open(dataset, cache)
        names = opened.class_names
        require(len(set(names)) == len(names) > 0, "a class name stands twice, or there is none")
        for split in (opened.train, opened.test):
            require(
                split.labels.shape[1] == len(names), f"{split.labels.shape[1]} columns of labels, {len(names)} classes"
            )
        require((opened.test.labels == 1).any(), "no test image has a positive label: nothing can be measured")


@PROPERTIES.property(
    "opened twice it is the same", "features, masks and cells of one machine would not fit another's", _opens
)
def is_repeatable(dataset: Kind) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as one, tempfile.TemporaryDirectory(prefix="bench-") as other:
        first, second = _open(dataset, one), _open(dataset, other)
        require(first.fingerprint == second.fingerprint, "its fingerprint is another one the second time")
        for split in ("train", "test"):
            a, b = getattr(first, split), getattr(second, split)
            require(a.ids == b.ids and np.array_equal(a.labels, b.labels), f"its {split} split is another one")


@PROPERTIES.property("gives RGB images", "backbones resize and normalise RGB images", _opens)
def gives_images(dataset: Kind) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as cache:
        opened = _open(dataset, cache)
        for split in (opened.train, opened.test):
            for index in (0, len(split) - 1):
                image = split.images[index]
                require(isinstance(image, Image.Image), f"image {index} is a {type(image).__name__}, not a PIL image")
                require(image.mode == "RGB", f"image {index} has mode {image.mode}")
                same = np.array_equal(np.asarray(image), np.asarray(split.images[index]))
                require(same, f"image {index} is another one the second time")
