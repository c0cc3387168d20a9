"""Known positives from a list file: the single-positive, 40 % and 75 % lists of Hill/SPLC, SCPNet and HSPNet."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.data.lists import read_indices
from bench.errors import DataError, UsageError
from bench.settings.config import setting
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.names import rows_by_name


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """The list."""

    file: Path | None = setting(None, "the list: a line an image, `file name,class indices` (from 0, blanks between)")


def read_list(source: Path) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Image names, and the listed labels as (line numbers from 0, class indices), both int64 (L,)."""
    names, classes = read_indices(source)
    counts = [len(indices) for indices in classes]
    flat = np.fromiter((index for indices in classes for index in indices), dtype=np.int64, count=sum(counts))
    return names, np.repeat(np.arange(len(names)), counts), flat


@PROTOCOLS.register("label_list")
class LabelList(Protocol):
    """Known positives from a published list; the rest is unknown.

    Their code takes what is not listed for negative; here it is unknown, and what to make of that is the method's
    choice. Images are matched by file name; a list of more images than the dataset opens is fine, one of fewer is not.
    """

    reference = "Zhang et al., 2021 (Hill/SPLC) and Ding et al., CVPR 2023 (SCPNet): their *_train_*.txt files"
    has_percent = False
    nested = False
    negatives = False
    blind = False
    seeded = False
    by_name = True
    Options = ListOptions

    @classmethod
    def files(cls, options: ListOptions) -> list[Path]:
        if options.file is None:
            raise UsageError("protocol 'label_list' needs the list; say where it is with --set label_list.file=PATH.")
        return [options.file]

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        (source,) = self.files(self.options)
        names, lines, classes = read_list(source)
        outside = np.flatnonzero((classes < 0) | (classes >= labels.shape[1]))
        if len(outside):
            raise DataError(
                f"{source} lists class {classes[outside[0]]} in line {lines[outside[0]] + 1}, but the dataset has the "
                f"classes 0 to {labels.shape[1] - 1}; give the list of this dataset."
            )
        listed = np.zeros((len(names), labels.shape[1]), np.int8)
        listed[lines, classes] = 1
        rows = rows_by_name(images.ids, names, len(labels), source)
        observed: np.ndarray = listed[rows]
        wrong = np.argwhere((observed == 1) & (labels != 1))
        if len(wrong):
            row, column = wrong[0]
            raise DataError(
                f"{len(wrong):,} of the {int(observed.sum()):,} labels in {source} are no positives of the dataset: "
                f"class {column} of {images.ids[row]!r} first; give the list of this dataset, in its class order."
            )
        return observed
