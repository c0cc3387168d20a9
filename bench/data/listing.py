"""One part of a dataset as its files list it, and the rules that hold for every list, whatever reader made it."""

import functools
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.paths import portable
from bench.errors import DataError
from bench.system.files import write_arrays
from bench.system.mapped import mapped, opened
from bench.system.sparse import SparseLabels
from bench.system.wording import shown


@dataclass(frozen=True)
class Listing:
    """One part as its files list it, before any image is dropped.

    ids: (N,) as the papers' lists write them. labels: int8 (N, C) of +1, -1 and 0 (unknown), of training images perhaps
    `SparseLabels`. classes: (C,) raw names.
    ignored: bool (N, C) or None; see `Split`.
    """

    ids: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    ignored: np.ndarray | None = None

    @property
    def judged(self) -> np.ndarray:
        """The labels as evaluation takes them: int8 (N, C), 0 where unknown or `ignored`."""
        return self.labels if self.ignored is None else np.where(self.ignored, np.int8(0), self.labels)


def checked(listing: Listing, source: Path) -> Listing:
    """The listing with names in one form; DataError if there is none, or one is no text, repeated or outside."""
    for kind, names in (("image", listing.ids), ("class", listing.classes)):
        if not names:
            raise DataError(f"{source} lists no {kind}; use the dataset's own file.")
        for number, name in enumerate(names, start=1):
            if not isinstance(name, str) or not name.strip():
                raise DataError(f"{source}: the name of {kind} {number} is {shown(name)}; it must be text, not empty.")
    ids = tuple(map(portable, listing.ids))
    away = next((name for name, original in zip(ids, listing.ids, strict=True) if _leads_away(name)), None)
    if away is not None:
        raise DataError(
            f"{source} lists {shown(away)}; image paths must lie inside the image folder, without a drive or '..'."
        )
    if len(set(ids)) != len(ids):
        twice, _ = Counter(ids).most_common(1)[0]
        raise DataError(f"the image {twice!r} is listed twice in {source}; list every image once.")
    return replace(listing, ids=ids, classes=tuple(name.strip() for name in listing.classes))


def _leads_away(name: str) -> bool:
    return not name or name.startswith("/") or re.match("[A-Za-z]:/", name) is not None or ".." in name.split("/")


def keep(path: Path, listing: Listing) -> Listing:
    """Write a listing for later processes, and give it back with large labels as all of them map them."""
    ignored = {} if listing.ignored is None else {"ignored": listing.ignored}
    names = {name: np.array(getattr(listing, name), dtype=str) for name in ("ids", "classes")}
    parts = {
        name: mapped(_file(path, name), functools.partial(np.asarray, array))
        for name, array in _parts(listing.labels).items()
    }
    beside = [name for name in parts if _file(path, name).exists()]
    inside = {name: array for name, array in parts.items() if name not in beside}
    write_arrays(path, **names, **ignored, **inside, beside=np.array(beside, dtype=str))
    return replace(listing, labels=_labels(parts, len(listing.classes)))


def kept(path: Path) -> Listing:
    """What `keep` has written; one of NO_ARRAYS if it has not, or is not whole."""
    with np.load(path) as arrays:
        ids, classes = (tuple(arrays[name].tolist()) for name in ("ids", "classes"))
        parts = {name: arrays[name] for name in _PARTS if name in arrays}
        for name in arrays["beside"].tolist():
            part = opened(_file(path, name))
            if name not in _PARTS or part is None:
                raise ValueError(f"{name} is not there whole")
            parts[name] = part
        return Listing(ids, _labels(parts, len(classes)), classes, arrays.get("ignored"))


def labels_of_rows(listing: Listing, rows: np.ndarray, cache: Path, state: str) -> np.ndarray:
    """Labels of some listed images, mapped like those of all; `state`: of the files that list them."""
    if isinstance(listing.labels, SparseLabels):
        return listing.labels.take(rows)
    chosen = hashlib.sha256(rows.tobytes()).hexdigest()[:16]
    return mapped(cache / f"{state}-{chosen}.npy", lambda: listing.labels[rows])


_PARTS = ("labels", "starts", "columns", "values")


def _parts(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Labels as the arrays that hold them."""
    if isinstance(labels, SparseLabels):
        return {"starts": labels.starts, "columns": labels.columns, "values": labels.values}
    return {"labels": labels}


def _labels(parts: dict[str, np.ndarray], classes: int) -> np.ndarray:
    if "labels" in parts:
        return parts["labels"]
    labels: Any = SparseLabels(parts["starts"], parts["columns"], parts["values"], classes)
    return labels


def _file(path: Path, name: str) -> Path:
    return path.with_name(f"{path.stem}-{name}.npy")
