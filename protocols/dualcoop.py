"""DualCoOp's mask files: drawn once without a seed and kept, so that the same labels are hidden in the next run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.errors import DataError, UsageError
from bench.settings.config import setting
from bench.system.plain_files import UNREADABLE, load_plain, reason
from protocols.base import PROTOCOLS, Images, Protocol
from protocols.names import rows_by_name

IMAGE_NAMES = "partial_label_images.txt"
CHANCE = 1e-9
"""A mask as odd as this by chance is taken for one that was not drawn by chance."""


@dataclass(frozen=True, kw_only=True)
class MaskOptions:
    """The folder of the masks."""

    folder: Path | None = setting(
        None, f"where partial_label_0.10.pt ... lie (DualCoOp's annotations/), with {IMAGE_NAMES} for three-row masks"
    )


def mask_file(folder: Path, percent: int) -> Path:
    """DualCoOp's name for a mask: partial_label_0.10.pt."""
    return folder / f"partial_label_{percent / 100:.2f}.pt"


def write_mask(folder: Path, known: np.ndarray, percent: int, ids: Sequence[str] = (), area_rows: int = 1) -> Path:
    """Write `known` bool (N, C) as a mask file that DualCoOp's `--mask_file` takes, and its images' names beside it.

    area_rows: 3 for its COCO loader (one row for small, medium and large objects each), 1 for its VOC loader. The order
    of images must be the loader's: `coco.imgToAnns` of pycocotools, or the lines of trainval.txt. Any protocol's mask
    can be handed to DualCoOp so: `known = protocol.observe(labels, percent, seed, images) != 0`, reordered.
    """
    path = mask_file(folder, percent)
    torch.save(torch.from_numpy(np.repeat(known[:, None], area_rows, axis=1)), path)
    if len(ids):
        (folder / IMAGE_NAMES).write_text("".join(f"{name}\n" for name in ids), encoding="utf-8")
    return path


def read_mask(path: Path) -> tuple[np.ndarray, int]:
    """The mask of a file as bool (N, C), and how many equal rows an image had in it.

    The loader hides each area row by itself and then takes the largest of the three: were they drawn apart, 50 % known
    labels would be 87.5 %, and a hidden positive would show as a negative. Such a file is refused.
    """
    try:
        mask = load_plain(path)
    except FileNotFoundError:
        raise DataError(
            f"there is no mask {path}; DualCoOp writes one per ratio, or see dualcoop.write_mask."
        ) from None
    except (OSError, *UNREADABLE) as error:
        raise DataError(f"{path} is no mask file of torch.save ({reason(error)}); write one tensor.") from None
    if not isinstance(mask, torch.Tensor) or mask.ndim not in (2, 3) or not mask.numel():
        given = f"shape {tuple(mask.shape)}" if isinstance(mask, torch.Tensor) else f"a {type(mask).__name__}"
        raise DataError(f"{path} holds {given}; a mask has the shape (images, classes) or (images, 3, classes).")
    if mask.ndim == 2:
        mask = mask[:, None]
    known = mask[:, 0] == 1
    if not (known | (mask[:, 0] == 0)).all():
        raise DataError(f"{path} holds other values than 0 (hidden) and 1 (known); it is no mask.")
    for row in range(1, mask.shape[1]):
        if not torch.equal(mask[:, row], mask[:, 0]):
            raise DataError(
                f"the {mask.shape[1]} rows of an image differ in {path}: hidden labels would show through the others; "
                "write the same mask into every row."
            )
    return known.numpy(), mask.shape[1]


def refuse_unless_blind(known: np.ndarray, labels: np.ndarray, percent: int, source: Path) -> None:
    """DataError if `known` (N, C) has another share than `percent`, or hangs together with `labels` (N, C).

    If a mask is drawn without a look at the labels, the known ones among the positives are a sample without
    replacement: tested over all entries and class by class. The share is tested as if images were known or hidden as a
    whole.
    """
    kept, entries = int(known.sum()), known.size
    from scipy.stats import binom, hypergeom  # half a second of start-up

    if _both_tails(binom, round(kept / labels.shape[1]), len(labels), percent / 100) < CHANCE:
        raise DataError(f"{source} keeps {kept / entries:.1%} of the labels, and {percent} % was requested.")
    positive = labels == 1
    both = known & positive
    counts = [(entries, int(positive.sum()), kept, int(both.sum()))]
    counts += zip(
        [len(labels)] * labels.shape[1],
        positive.sum(axis=0).tolist(),
        known.sum(axis=0).tolist(),
        both.sum(axis=0).tolist(),
        strict=True,
    )
    for total, positives, drawn, known_positives in counts:
        if _both_tails(hypergeom, known_positives, total, positives, drawn) < CHANCE:
            raise DataError(
                f"the mask {source} depends on the labels: {known_positives:,} of {positives:,} positives are "
                f"known, where {drawn / total:.1%} of all labels are; what is hidden would give labels away, so draw "
                "it by chance."
            )


def _both_tails(law: Any, value: int, *parameters: float) -> float:
    """The probability of `value` or anything further out on its side, doubled."""
    return float(2 * min(law.cdf(value, *parameters), law.sf(value - 1, *parameters)))


@PROTOCOLS.register("dualcoop")
class DualCoOpMasks(Protocol):
    """Masks read from DualCoOp's files, one for each ratio.

    Published results of DualCoOp have no mask files, so its numbers cannot be had mask for mask. Drawn one by one, the
    masks are not nested. The seed changes nothing: a folder is one draw.
    """

    reference = "Sun et al., NeurIPS 2022; sunxm2357/DualCoOp, dataloaders/*.py"
    nested = False
    seeded = False
    Options = MaskOptions

    @classmethod
    def files(cls, options: MaskOptions) -> list[Path]:
        if options.folder is None:
            raise UsageError("protocol 'dualcoop' reads mask files; say where with --set dualcoop.folder=DIR.")
        masks = sorted(options.folder.glob("partial_label_[01].[0-9][0-9].pt"))
        if not masks:
            raise DataError(f"there is no partial_label_0.10.pt or the like in {options.folder}; give their folder.")
        names = options.folder / IMAGE_NAMES
        return [*masks, *([names] if names.exists() else [])]

    def hide(self, labels: np.ndarray, percent: int, seed: int, images: Images) -> np.ndarray:
        self.files(self.options)
        path = mask_file(self.options.folder, percent)
        known, area_rows = read_mask(path)
        if known.shape[1] != labels.shape[1]:
            raise DataError(f"{path} is for {known.shape[1]} classes, and the dataset has {labels.shape[1]}.")
        rows = self._rows(len(labels), len(known), area_rows, images, path)
        known = known if rows is None else known[rows]
        refuse_unless_blind(known, labels, percent, path)
        return np.where(known, labels, np.int8(0))

    def _rows(self, images: int, rows: int, area_rows: int, about: Images, path: Path) -> np.ndarray | None:
        """The row of each image in the mask; None if row by row as in the dataset."""
        names = path.parent / IMAGE_NAMES
        if names.exists():
            listed = [line.partition(",")[0] for line in names.read_text(encoding="utf-8").splitlines()]
            if len(listed) != rows:
                raise DataError(f"{names} lists {len(listed):,} images, and {path} has {rows:,} rows.")
            return rows_by_name(about.ids, listed, images, names)
        if area_rows > 1:
            raise DataError(
                f"the rows of the COCO mask {path} follow the order of annotations; list its images in {names}, one "
                "name a line (the keys of pycocotools' coco.imgToAnns)."
            )
        if rows == images:
            return None
        if about.positions is not None and rows == about.count:
            return about.positions
        raise DataError(
            f"{path} has {rows:,} rows, and the dataset has {images:,} training images; list them in {names}."
        )
