"""Reading of `results/published/`: every line is checked, and no number stands there twice."""

import contextlib
import csv
import functools
import importlib.metadata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from bench.errors import DataError
from bench.report.published.numbers import (
    Camp,
    CheckedLine,
    Published,
    PublishedNumber,
    PublishedSource,
)
from bench.system.wording import nearest

DISTRIBUTION = "missing-label-bench"

SHARED_FOLDER = Path("share", DISTRIBUTION, "published")
"""Where an installation has the files, below its prefix; `pyproject.toml` says the same."""


@functools.cache
def published() -> Published:
    """The numbers that come with this package."""
    return read_published(folder())


def read_published(root: Path) -> Published:
    """The three files of a folder; DataError with file and line for anything that is not as it should be."""
    camps = {camp.id: camp for camp in _lines(root / "camps.csv", Camp)}
    sources = {source.id: source for source in _lines(root / "sources.csv", PublishedSource)}
    numbers = tuple(_lines(root / "numbers.csv", PublishedNumber))
    counts: dict[tuple[Any, ...], int] = {}
    for place, number in enumerate(numbers, start=2):
        where = f"{root / 'numbers.csv'}, line {place}"
        if number.source not in sources:
            raise DataError(f"{where}: source {number.source!r} is not in sources.csv; add it there.")
        if number.camp is not None and number.camp not in camps:
            raise DataError(f"{where}: camp {number.camp!r} is not in camps.csv; {nearest(number.camp, camps)}")
        if (number.setting == "partial") != (number.percent is not None):
            raise DataError(f"{where}: a number has a percent if its setting is `partial`, and only then.")
        first = counts.setdefault(number.identity, place)
        if first != place:
            raise DataError(f"{where}: the same number as in line {first}; take one of them out.")
    return Published(numbers, camps, sources)


_T = TypeVar("_T", bound=CheckedLine)


def _lines(path: Path, kind: type[_T]) -> list[_T]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = list(kind.model_fields)
            if reader.fieldnames != columns:
                raise DataError(f"{path} has the columns {reader.fieldnames}, but they must be {', '.join(columns)}.")
            return [_line(path, place, record, kind) for place, record in enumerate(reader, start=2)]
    except OSError as error:
        raise DataError(f"the published numbers cannot be read: {error}; install the package again.") from None


def _line(path: Path, place: int, record: Mapping[str, Any], kind: type[_T]) -> _T:
    if None in record or None in record.values():
        raise DataError(f"{path}, line {place}: it has more or fewer fields than the first line names.")
    try:
        return kind(**record)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"][:1]))
        raise DataError(f"{path}, line {place}: {field} = {record.get(field)!r}: {problem['msg']}.") from None


def folder() -> Path:
    """Where the files are: in the checkout, or where an installed package put them."""
    for candidate in _candidates():
        if (candidate / "numbers.csv").exists():
            return candidate
    raise DataError(
        f"the published numbers of {DISTRIBUTION} are missing; in a checkout restore the folder results/published, "
        "else install the package again."
    )


def _candidates() -> Iterator[Path]:
    checkout = Path(__file__).resolve().parents[3]
    yield checkout / "results" / "published"
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files(DISTRIBUTION) or ():
            if file.parts[-2:] == ("published", "numbers.csv"):
                yield Path(str(file.locate())).resolve().parent
    yield checkout / SHARED_FOLDER  # where `pip install --target` puts them; its record names another place
