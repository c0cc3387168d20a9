"""The single-positive labels of ROLE's generator, to the bit: also LargeLoss, BoostLU, EM, VLPL, GR and AEVLP."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.errors import UsageError
from bench.settings.config import setting
from bench.system.chunks import row_slices
from protocols.base import PROTOCOLS, Images, Protocol

OFFICIAL_SEED = 1200
_COCO = re.compile(r"COCO_(?:train|val)2014_(\d{12})\.jpg")
Shuffle = Callable[[np.ndarray], None]
_CUB = re.compile(r"\d{3}\.\w[^/]*/[^/]+\.jpg")
"""A folder for each of the 200 species."""


@dataclass(frozen=True, kw_only=True)
class RoleOptions:
    """Settings of ROLE's generator."""

    order: Literal["auto", "names", "rows"] = setting(
        "auto",
        "in which order images draw: names: by sorted name; rows: as the dataset has them; auto: as in the official "
        "files: rows for CUB (images.txt), names for COCO, VOC and all others",
    )
    positives: int = setting(1, "positives of an image that stay known, or all there are", ge=0, added_later=True)
    negatives: int = setting(0, "negatives of an image that stay known, or all there are", ge=0, added_later=True)


def draw_order(ids: Sequence[str]) -> np.ndarray:
    """Row numbers in the generator's order: image names sorted as strings.

    COCO's are its bare numeric ids, so 10 stands before 9.

    >>> draw_order([f"COCO_train2014_{i:012d}.jpg" for i in (9, 30, 10)]).tolist()
    [2, 1, 0]
    """
    names = [str(int(coco[1])) if (coco := _COCO.fullmatch(name)) else name for name in ids]
    return np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)


def is_cub(ids: Sequence[str]) -> bool:
    """Whether these are CUB's images.

    >>> is_cub(["001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg"]), is_cub(["2008_000008.jpg"])
    (True, False)
    """
    return bool(ids) and all(map(_CUB.fullmatch, ids))


def first_of_each(labels: np.ndarray, shuffle: Shuffle, positives: int, negatives: int) -> np.ndarray:
    """`labels` (N, C) with so many positives and negatives of each row known, or all it has, and 0 elsewhere.

    Each row's positives are shuffled in place by `shuffle` and the first are kept; then its negatives, of which none
    may be.
    """
    observed = np.zeros_like(labels)
    # positives' columns, then the others', each in their order
    order = np.argsort(labels != 1, axis=1, kind="stable")
    for row, given, columns in zip(observed, labels, order, strict=True):
        count = int((given == 1).sum())
        shuffle(columns[:count])
        shuffle(columns[count:])
        kept = np.concatenate([columns[: min(positives, count)], columns[count : count + negatives]])
        row[kept] = given[kept]
    return observed


@PROTOCOLS.register("role")
class Role(Protocol):
    """One positive an image, or other counts of known labels, as ROLE's generator draws them: seed 0 is theirs.

    Seed s of a sweep is 1200 + s of the generator. Images without a positive are not in the official lists: they draw
    nothing and stay unknown. Official for whole training lists only; a part of one gets draws of its own.
    """

    reference = "Cole et al., CVPR 2021; elijahcole/single-positive-multi-label, preproc/generate_observed_labels.py"
    has_percent = False
    nested = False
    negatives = False
    blind = False
    by_name = True
    Options = RoleOptions

    @classmethod
    def knows_negatives(cls, options: RoleOptions) -> bool:
        return options.negatives > 0

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        observed = np.zeros_like(labels)
        options, shuffle = self.options, np.random.RandomState(OFFICIAL_SEED + seed).shuffle
        order = self._rows(len(labels), images)
        for part in row_slices(*labels.shape):
            rows = order[part]
            rows = rows[(labels[rows] == 1).any(axis=1)]
            observed[rows] = first_of_each(labels[rows], shuffle, options.positives, options.negatives)
        return observed

    def _rows(self, count: int, images: Images) -> np.ndarray:
        if self.options.order == "rows" or (self.options.order == "auto" and is_cub(images.ids)):
            return np.arange(count)
        if len(images.ids) != count:
            raise UsageError(
                "protocol 'role' draws in the order of image names, and none are known; set role.order=rows."
            )
        return draw_order(images.ids)
