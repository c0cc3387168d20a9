"""Coding of labels in a list: indices of classes, or a 0 or a 1 for every class."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from bench.errors import DataError
from bench.system.wording import shown

Coding = Literal["auto", "indices", "one_hot"]
CODING = "indices of the classes shown, one_hot: a 0 or 1 for each class, or auto: decided by the file, if possible"
"""What the option `labels` means."""


def class_indices(
    rows: Sequence[Sequence[int]],
    classes: int,
    source: Path,
    where: Callable[[int], str],
    coding: Coding = "auto",
    repeats: bool = False,
) -> Sequence[Sequence[int]]:
    """Each image's class indices, from rows of either coding.

    where: names row i within `source`, for error sentences. repeats: whether an index may stand in a row twice.

    A file whose every row is as long as there are classes and holds zeros and ones alone is one-hot; with two classes a
    file can fit both codings, and is refused.
    """
    odd = next((i for i, row in enumerate(rows) if not _one_hot(row, classes)), None)
    if coding == "auto" and rows and odd is None:
        if all(len(set(row)) == len(row) and max(row) < classes for row in rows):
            raise DataError(
                f"{source} can be read as class indices and as a 0 or 1 for each of its {classes} classes; say which "
                "with the option labels = indices or labels = one_hot (--data NAME.labels=...)."
            )
        coding = "one_hot"
    if coding == "one_hot":
        if odd is not None:
            raise DataError(
                f"{source}, {where(odd)}: {shown(list(rows[odd]))} is no 0 or 1 for each of the {classes} classes; "
                "write every line so, or give the option labels = indices."
            )
        return [[c for c, value in enumerate(row) if value] for row in rows]
    for i, row in enumerate(rows):
        _check_range(row, classes, f"{source}, {where(i)}")
        if not repeats:
            refuse_repeats(row, f"{source}, {where(i)}")
    return rows


def _one_hot(row: Sequence[int], classes: int) -> bool:
    return len(row) == classes and all(type(value) is int and value in (0, 1) for value in row)


def _check_range(row: Sequence[int], classes: int, where: str) -> None:
    wrong = [index for index in row if type(index) is not int or not 0 <= index < classes]
    if wrong:
        raise DataError(
            f"{where}: class index {shown(wrong[0])} is out of range; {classes} classes are 0 to {classes - 1}."
        )


def refuse_repeats(row: Sequence[int], where: str) -> None:
    """DataError if an index occurs twice in the row, as happens where zeros and ones are read as indices."""
    if len(set(row)) != len(row):
        raise DataError(
            f"{where}: {shown(list(row))} lists a class index twice; list each once, or, if these are a 0 or 1 for "
            "each class, as many on every line as there are classes."
        )
