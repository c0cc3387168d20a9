"""Which rows were made by other source code than what is installed, without importing a single method."""

import functools
import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from bench.records.rows import Row
from bench.system.environment import file_source_hash

_REGISTERED = re.compile(r"^@METHODS\.register\(\s*[\"']([^\"']+)[\"']\s*\)", re.MULTILINE)


@functools.cache
def _homes() -> Mapping[str, Path]:
    """Where each method is registered, read off the files: importing them takes seconds, and torch."""
    spec = find_spec("methods")
    if spec is None or spec.origin is None:
        return {}
    root = Path(spec.origin).resolve().parent
    return {name: file for file in sorted(root.rglob("*.py")) for name in _REGISTERED.findall(file.read_text())}


def installed_code(method: str) -> str | None:
    """`bench.system.environment.source_hash` of the installed method; None for a method that is not installed."""
    home = _homes().get(method)
    return file_source_hash(home) if home else None


def stale(rows: Iterable[Row]) -> frozenset[str]:
    """Keys of the rows whose method's source has changed since, or is gone."""
    return frozenset(row.key for row in rows if row.code != installed_code(row.cell.method.name))
