"""Files and images of a tiny copy of a dataset, and the truth about it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.data import DATASETS


@dataclass(frozen=True)
class Copy:
    """What a copy holds. train, test: id to present class indices, in list order; unknown: to those nobody knows."""

    name: str
    root: Path
    classes: tuple[str, ...]
    train: Mapping[str, Sequence[int]]
    test: Mapping[str, Sequence[int]]
    options: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def open(self, cache: Path, **options: Any) -> Any:
        entry: Any = DATASETS.get(self.name)
        return entry(entry.Options(**{**self.options, **options}), self.root, cache)

    def labels(self, part: str) -> np.ndarray:
        shown = getattr(self, part)
        labels = np.full((len(shown), len(self.classes)), -1)
        for row, (name, indices) in zip(labels, shown.items(), strict=True):
            row[list(self.unknown.get(name, ()))] = 0
            row[list(indices)] = 1
        return labels


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def paint(folder: Path, names: Sequence[str], first: int) -> None:
    """Image i is red to the degree of 20 (first + i); noise keeps the files long enough to be cut."""
    noise = np.random.default_rng(0).integers(0, 8, (24, 32, 3), dtype=np.uint8)
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = noise.copy()
        pixels[..., 0] += 20 * (first + i)
        Image.fromarray(pixels).save(folder / name, format="JPEG", quality=95)


def lines(rows: Sequence[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def index_list(shown: Mapping[str, Sequence[int]]) -> str:
    return lines([f"{name},{' '.join(map(str, indices))}" for name, indices in shown.items()])
