"""Every registered protocol, opened on labels of any shape; run as a script, the digests of their masks."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helpers.elsewhere import digest, full_labels
from protocols import PROTOCOLS, Images, Protocol
from protocols.csl import PerClassOptions
from protocols.dualcoop import MaskOptions, write_mask
from protocols.frequency_biased import BiasOptions
from protocols.label_list import ListOptions


def named(count: int) -> Images:
    """Names whose order as strings is not that of the rows."""
    return Images(tuple(f"COCO_train2014_{i * 7919 % 100_003:012d}.jpg" for i in range(1, count + 1)))


def list_options(full: np.ndarray, percent: int, folder: Path) -> ListOptions:
    """A list in which every image has its last positive, if any."""
    lines = [
        f"train/{name},{' '.join(map(str, np.flatnonzero(row == 1)[-1:]))}\n"
        for name, row in zip(named(len(full)).ids, full, strict=True)
    ]
    (folder / "list.txt").write_text("".join(lines))
    return ListOptions(file=folder / "list.txt")


def mask_options(full: np.ndarray, percent: int, folder: Path) -> MaskOptions:
    """A mask of three area rows an image, which has not seen the labels."""
    known = np.random.RandomState(percent).random_sample(full.shape) < percent / 100
    write_mask(folder, known, percent, named(len(full)).ids, area_rows=3)
    return MaskOptions(folder=folder)


WITH_FILES: dict[str, Callable] = {"label_list": list_options, "dualcoop": mask_options}
"""Options for the protocols that read files, with the files written."""

OPTIONS = {"fixed_per_class": PerClassOptions(labels=3), "frequency_biased": BiasOptions(bias=1.0)}
"""Options that show more on small labels than the defaults. All others are opened as they come."""

OVER_ROWS_AS_THEY_STAND = {
    "fixed_per_class": "CSL's released code",
    "random_per_sample": "CSL's released code",
}
"""Protocols that draw over the images that are there, whatever the official list, and whose rule says so."""


def opened(name: str, full: np.ndarray, percent: int, folder: Path) -> Protocol:
    protocol = PROTOCOLS.get(name)
    return protocol(WITH_FILES[name](full, percent, folder) if name in WITH_FILES else OPTIONS.get(name))


def observe(folder: Path, name: str, full: np.ndarray, percent: int, seed: int) -> np.ndarray:
    protocol = opened(name, full, percent, folder)
    return protocol.observe(full, percent if protocol.has_percent else None, seed, named(len(full)))


def digests(folder: Path) -> dict[str, list[str]]:
    """Of the masks at 10 %, 90 % and at seed 1."""
    return {
        name: [digest(observe(folder, name, full_labels(), *at)) for at in ((10, 0), (90, 0), (10, 1))]
        for name in PROTOCOLS.names()
    }


if __name__ == "__main__":
    print(json.dumps(digests(Path(sys.argv[1]))))  # noqa: T201 - what the parent process reads
