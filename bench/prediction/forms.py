"""Forms of a result: all scores, the best k classes, or labels; each as rows of a table and as JSON records."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np


class ResultForm(ABC):
    """columns: names with the kind of their values, "text", "number" or "label" (1, 0, or None)."""

    columns: Mapping[str, str]

    @abstractmethod
    def rows(self, names: Sequence[str], scores: np.ndarray) -> Iterator[list[Any]]:
        """A list of values for each image, in the order of `columns`."""

    @abstractmethod
    def records(self, names: Sequence[str], scores: np.ndarray) -> Iterator[dict[str, Any]]:
        """The same as plain data with names."""


class AllScores(ResultForm):
    """The score of every class."""

    def __init__(self, class_names: Sequence[str]):
        self.class_names = class_names
        self.columns = {image_column(class_names): "text", **dict.fromkeys(class_names, "number")}

    def rows(self, names: Sequence[str], scores: np.ndarray) -> Iterator[list[Any]]:
        for name, row in zip(names, scores, strict=True):
            yield [name, *map(plain_number, row)]

    def records(self, names: Sequence[str], scores: np.ndarray) -> Iterator[dict[str, Any]]:
        for name, *values in self.rows(names, scores):
            yield {"image": name, "scores": dict(zip(self.class_names, values, strict=True))}


class TopClasses(ResultForm):
    """The k classes with the largest scores, the best first; classes without a score (NaN) come last."""

    def __init__(self, class_names: Sequence[str], k: int):
        self.class_names, self.k = class_names, min(k, len(class_names))
        pairs = {f"{what}_{i}": kind for i in range(1, self.k + 1) for what, kind in _PAIR}
        self.columns = {"image": "text", **pairs}

    def rows(self, names: Sequence[str], scores: np.ndarray) -> Iterator[list[Any]]:
        for record in self.records(names, scores):
            yield [record["image"], *(value for one in record["top"] for value in one.values())]

    def records(self, names: Sequence[str], scores: np.ndarray) -> Iterator[dict[str, Any]]:
        best = np.argsort(-scores, axis=1, kind="stable")[:, : self.k]
        for name, row, chosen in zip(names, scores, best, strict=True):
            yield {
                "image": name,
                "top": [{"class": self.class_names[c], "score": plain_number(row[c])} for c in chosen],
            }


class ClassLabels(ResultForm):
    """1 where the logit reaches the class's threshold, else 0; None where no threshold could be chosen."""

    def __init__(self, class_names: Sequence[str], thresholds: np.ndarray):
        self.class_names, self.thresholds = class_names, thresholds
        self.columns = {image_column(class_names): "text", **dict.fromkeys(class_names, "label")}

    def rows(self, names: Sequence[str], scores: np.ndarray) -> Iterator[list[Any]]:
        unknown = np.isnan(self.thresholds)
        for name, row in zip(names, scores.astype(np.float64) >= self.thresholds, strict=True):
            yield [name, *(None if skip else int(value) for value, skip in zip(row, unknown, strict=True))]

    def records(self, names: Sequence[str], scores: np.ndarray) -> Iterator[dict[str, Any]]:
        for name, *values in self.rows(names, scores):
            yield {"image": name, "labels": [c for c, value in zip(self.class_names, values, strict=True) if value]}


_PAIR = (("class", "text"), ("score", "number"))


def image_column(class_names: Sequence[str]) -> str:
    """The name of the column of images: `image`, or another where a class is called so."""
    name = "image"
    while name in class_names:
        name = f"{name}_file"
    return name


def plain_number(value: Any) -> float | None:
    """Seven digits, which are all that a float32 has; None for NaN.

    >>> plain_number(np.float32(0.1)), plain_number(np.nan)
    (0.1, None)
    """
    return None if np.isnan(value) else float(f"{value:.7g}")
