"""One part of a dataset as its files list it, and the rules that hold for every list, whatever reader made it."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.data.paths import portable
from bench.errors import DataError
from bench.system.files import write_arrays
from bench.system.wording import shown


@dataclass(frozen=True)
class Listing:
    """One part as its files list it, before any image is dropped.

    ids: (N,) as the papers' lists write them. labels: int8 (N, C) of +1, -1 and 0 (unknown). classes: (C,) raw names.
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


def keep(path: Path, listing: Listing) -> None:
    """Write a listing for later processes."""
    ignored = {} if listing.ignored is None else {"ignored": listing.ignored}
    names = {name: np.array(getattr(listing, name), dtype=str) for name in ("ids", "classes")}
    write_arrays(path, labels=listing.labels, **names, **ignored)


def kept(path: Path) -> Listing:
    """What `keep` has written; one of NO_ARRAYS if it has not."""
    with np.load(path) as arrays:
        ids, classes = (tuple(arrays[name].tolist()) for name in ("ids", "classes"))
        return Listing(ids, arrays["labels"], classes, arrays.get("ignored"))
