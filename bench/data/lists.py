"""Text files that label lists are made of, read with errors that name file and line."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.data.coding import Coding, class_indices, refuse_repeats
from bench.data.paths import portable
from bench.errors import DataError
from bench.system.wording import shown


def read_lines(path: Path) -> list[str]:
    """The file's lines without blanks around them; blank lines at the end do not count."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except FileNotFoundError:
        raise DataError(f"{path} is missing; put the dataset's own file there.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text ({error}); use the dataset's own file.") from None
    while lines and not lines[-1]:
        lines.pop()
    return lines


def read_names(path: Path, count: int | None = None) -> tuple[str, ...]:
    """One class name a line, in class order; with `count`, that many."""
    names = tuple(read_lines(path))
    if not names or "" in names:
        raise DataError(f"{path} must hold one class name a line and no blank line.")
    if count is not None and len(names) != count:
        raise DataError(f"{path} names {len(names)} classes, but the labels have {count}; use the file they belong to.")
    return names


def read_index_list(path: Path, classes: int, coding: Coding = "auto") -> tuple[tuple[str, ...], np.ndarray]:
    """Lines `image path,index index ...` as image paths and labels int8 (N, `classes`); see `read_indices`."""
    names, rows = read_indices(path, repeats=True)  # as zeros and ones do, if these are such
    return names, label_matrix(class_indices(rows, classes, path, lambda row: f"line {row + 1}", coding), classes)


def read_indices(path: Path, repeats: bool = False) -> tuple[tuple[str, ...], list[list[int]]]:
    """Lines `image path,index index ...` (zero-based) as image paths and each image's numbers, of any size.

    The format of the ASL, SCPNet and Hill repositories; an image without labels has nothing behind its comma. Commas
    between the numbers are as good as blanks; a path may hold commas, unless only numbers stand behind them.
    """
    names, listed = [], []
    for number, line in enumerate(read_lines(path), start=1):
        where, (name, *fields) = f"{path}, line {number}", line.split(",")
        behind: list[str] = []  # the fields that hold numbers alone, from the end
        while fields and all(map(_NUMBER.fullmatch, fields[-1].split())):
            behind = fields.pop().split() + behind
        name = ",".join((name, *fields)).strip()
        if name == line:
            problem = f"{shown(fields[-1].strip())} are no class indices" if fields else f"{shown(line)} has no comma"
            raise DataError(f"{where}: {problem}; write 'image path,0 5 17'.")
        if not name:
            raise DataError(f"{where}: {shown(line)} names no image; write 'image path,0 5 17'.")
        listed.append([int(index) for index in behind])
        if not repeats:
            refuse_repeats(listed[-1], where)
        names.append(portable(name))
    return tuple(names), listed


_NUMBER = re.compile("[+-]?[0-9]{1,18}")


def label_matrix(positive: Sequence[Sequence[int]], classes: int) -> np.ndarray:
    """Lists of present classes as int8 (N, classes) of +1 and -1."""
    labels = np.full((len(positive), classes), -1, np.int8)
    for row, indices in zip(labels, positive, strict=True):
        row[list(indices)] = 1
    return labels
