"""Official copies of a dataset: counts and hashes of image list, class order and labels."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Official:
    """One part of a dataset as the papers have it; None where no copy could be read.

    images: how many are listed; annotated: those with a label; positives: labels in all.
    order: `list_digest` of the image list; first: its first image, where that is all that is known of the order.
    labels: `label_digest`, which holds the class order too.
    """

    images: int
    annotated: int | None = None
    positives: int | None = None
    order: str | None = None
    first: str | None = None
    labels: str | None = None


def list_digest(names: Sequence[str]) -> str:
    """A hash of names in their order."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def label_digest(ids: Sequence[str], labels: np.ndarray) -> str:
    """A hash of which image has which class indices; images without any are left out and their order does not count."""
    rows, columns = (part.tolist() for part in np.nonzero(labels == 1))
    present: dict[int, list[int]] = {}
    for row, column in zip(rows, columns, strict=True):
        present.setdefault(row, []).append(column)
    return list_digest(sorted(f"{ids[row]} {' '.join(map(str, indices))}" for row, indices in present.items()))


def deviations(official: Official, ids: Sequence[str], labels: np.ndarray) -> Iterator[str]:
    """Differences from the official part, each as the end of a sentence "train ..."; empty if there are none.

    A list of another length is a subset or another version, and not compared further.
    """
    positive = labels == 1
    if len(ids) != official.images:
        yield f"is not the official list: {len(ids):,} of {official.images:,} images"
        return
    if official.order is not None and list_digest(ids) != official.order:
        yield "lists other images than the official list, or in another order, so masks are not the papers'"
    elif official.first is not None and ids[0] != official.first:
        yield f"starts with {ids[0]} instead of {official.first}: the order differs, so masks are not the papers'"
    counts = (
        ("images with a label", int(positive.any(axis=1).sum()), official.annotated),
        ("labels", int(positive.sum()), official.positives),
    )
    for name, actual, expected in counts:
        if expected is not None and actual != expected:
            yield f"has {actual:,} {name} instead of the official {expected:,}"
            return
    if official.labels is not None and label_digest(ids, labels) != official.labels:
        yield "has as many labels as the official files, but other ones, or classes in another order"
