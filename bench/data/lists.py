"""Text files that label lists are made of, read with errors that name file and line."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.errors import DataError


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


def read_index_list(path: Path, classes: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Lines `image path,index index ...` as image paths and labels int8 (N, `classes`); see `read_indices`."""
    names, positive = read_indices(path)
    for number, indices in enumerate(positive, start=1):
        check_indices(indices, classes, f"{path}, line {number}")
    return names, label_matrix(positive, classes)


def read_indices(path: Path) -> tuple[tuple[str, ...], list[list[int]]]:
    """Lines `image path,index index ...` (zero-based) as image paths and each image's class indices, of any size.

    The format of the ASL, SCPNet and Hill repositories; an image without labels has nothing behind its comma.
    """
    names, listed = [], []
    for number, line in enumerate(read_lines(path), start=1):
        name, comma, indices = line.rpartition(",")
        if not comma:
            raise DataError(f"{path}, line {number}: {line!r} has no comma; write 'image path,index index'.")
        if not name.strip():
            raise DataError(f"{path}, line {number}: {line!r} names no image; write 'image path,index index'.")
        try:
            listed.append([int(index) for index in indices.split()])
        except ValueError:
            raise DataError(f"{path}, line {number}: {indices.strip()!r} are no class indices; write 0 5 17.") from None
        names.append(name.strip())
    return tuple(names), listed


def check_indices(indices: Sequence[int], classes: int, where: str) -> None:
    wrong = [i for i in indices if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i < classes]
    if wrong:
        raise DataError(f"{where}: class index {wrong[0]!r} is out of range; {classes} classes are 0 to {classes - 1}.")


def label_matrix(positive: Sequence[Sequence[int]], classes: int) -> np.ndarray:
    """Lists of present classes as int8 (N, classes) of +1 and -1."""
    labels = np.full((len(positive), classes), -1, np.int8)
    for row, indices in zip(labels, positive, strict=True):
        row[list(indices)] = 1
    return labels


def check_ids(ids: Sequence[str], source: Path) -> None:
    """An image list holds something, each image once, and no path that leads out of the dataset's folder."""
    if not ids:
        raise DataError(f"{source} lists no image; use the dataset's own file.")
    if len(set(ids)) != len(ids):
        twice = next(name for name, times in Counter(ids).items() if times > 1)
        raise DataError(f"the image {twice!r} is listed twice in {source}; list every image once.")
    away = next(
        (name for name in ids if not name or name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name)), None
    )
    if away is not None:
        raise DataError(f"{source} lists {away!r}; image paths must lie inside the image folder, without '..'.")
