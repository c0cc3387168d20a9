"""Images that stand in a dataset more than once under different names, recognised by the bytes of their files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.data.examined import NO_DIGEST, Examined
from bench.errors import DataError

LEAK = "an image that is trained on cannot be tested on."


def shared(train: Mapping[str, Examined], test: Mapping[str, Examined]) -> list[tuple[str, str]]:
    """Pairs of a training and a test image with the same bytes, in the test list's order."""
    by_digest = {one.digest: name for name, one in train.items() if one.digest != NO_DIGEST}
    return [(by_digest[one.digest], name) for name, one in test.items() if one.digest in by_digest]


def repeated(images: Mapping[str, Examined]) -> list[tuple[str, str]]:
    """Pairs of an image and a later one of the same list with the same bytes."""
    first: dict[bytes, str] = {}
    pairs = [(first.setdefault(one.digest, name), name) for name, one in images.items() if one.digest != NO_DIGEST]
    return [(one, other) for one, other in pairs if one != other]


def refuse_one_name(dataset: str, train: Sequence[str], test: Sequence[str]) -> None:
    """DataError if the lists of one folder have a name in common."""
    both = set(train) & set(test)
    if both:
        others = f", and so are {len(both) - 1:,} others" if len(both) > 1 else ""
        raise DataError(f"{min(both)!r} in the train list of {dataset} is in its test list too{others}; {LEAK}")


def refuse_one_file(dataset: str, pairs: Iterable[tuple[Path, Path]]) -> None:
    """DataError if a training and a test image are one file, by a link or by another way to write its name."""
    for train, test in pairs:
        if train.samefile(test):
            raise DataError(f"the training image {train} and the test image {test} of {dataset} are one file; {LEAK}")
