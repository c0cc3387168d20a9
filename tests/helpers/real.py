"""Real label lists, where they lie beside this checkout."""

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
COCO_LIST = SHARED / "coco_labels" / "coco_train_full.txt"
VOC_LISTS = SHARED / "VOCdevkit" / "VOC2007" / "ImageSets" / "Main"

needs_coco = pytest.mark.skipif(
    not COCO_LIST.is_file(), reason="COCO's label list is not beside this checkout (../shared/data/coco_labels)"
)
needs_voc = pytest.mark.skipif(
    not VOC_LISTS.is_dir(), reason="VOC2007's lists are not beside this checkout (../shared/data/VOCdevkit)"
)


def coco() -> tuple[tuple[str, ...], np.ndarray]:
    """Image names and labels int8 (82,081, 80) of COCO train2014, in the list's order."""
    lines = [line.split(",") for line in COCO_LIST.read_text().splitlines()]
    labels = np.full((len(lines), 80), -1, np.int8)
    for row, (_, indices) in enumerate(lines):
        labels[row, [int(index) for index in indices.split()]] = 1
    return tuple(name for name, _ in lines), labels


def voc2007() -> np.ndarray:
    """Labels int8 (5,011, 20) of VOC2007 trainval in the official order; only difficult counts as absent."""
    columns = []
    for path in sorted(VOC_LISTS.glob("*_trainval.txt")):
        columns.append([1 if line.split()[1] == "1" else -1 for line in path.read_text().splitlines()])
    return np.array(columns, np.int8).T
