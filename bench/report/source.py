"""The installed classes of the methods and datasets that a store names, and whether their source has changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.records.rows import Row
from bench.system.declared import declaring_file
from bench.system.environment import file_source_hash, methods_folder, source_hash

if TYPE_CHECKING:
    from bench.data import Dataset
    from methods import Method


def installed_method(name: str) -> "type[Method] | None":
    """The class of a method, from this package or another; None where no such method is installed."""
    from methods import METHODS  # imports torch, which reading a report's tables does not need

    try:
        return METHODS.get(name)
    except UsageError:
        return None


def installed_dataset(name: str) -> "type[Dataset] | None":
    """The class of a dataset, from this package or another; None where no such dataset is installed."""
    from bench.data import DATASETS

    try:
        return DATASETS.get(name)
    except UsageError:
        return None


def installed_code(method: str) -> str | None:
    """`bench.system.environment.source_hash` of the installed method; None for a method that is not installed."""
    file = declaring_file(method, methods_folder())
    if file is not None:
        return file_source_hash(file)
    cls = installed_method(method)
    return source_hash(cls) if cls else None


def gone(rows: Iterable[Row]) -> frozenset[str]:
    """Keys of the rows whose method is not installed, so that nobody can tell whether its source has changed."""
    return frozenset(row.key for row in rows if installed_code(row.cell.method.name) is None)


def stale(rows: Iterable[Row]) -> frozenset[str]:
    """Keys of the rows whose method's source has changed since, or is gone."""
    return frozenset(row.key for row in rows if row.code != installed_code(row.cell.method.name))
