"""Records of sweeps read from files: of any schema so far, each checked before it is used."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.errors import DataError
from bench.records.names import printable
from bench.records.sweeps import SWEEP_SCHEMA, SweepRecord
from bench.system.files import read_json

_RENAMED = {"entries": "places", "asked": "requested"}
"""Fields of schema 1, which files did not state, and their names now."""


def sweep_of(data: Any, source: str) -> SweepRecord:
    """The record of any schema so far; DataError, which names `source`, for anything else."""
    try:
        if not isinstance(data, Mapping):
            raise DataError("it holds no fields")
        if data.get("schema", 1) not in range(1, SWEEP_SCHEMA + 1):
            raise DataError(f"its schema {str(data['schema'])[:20]!r} is not one of 1 to {SWEEP_SCHEMA}")
        renamed = {_RENAMED.get(name, name): value for name, value in data.items()}
        return _adapter().validate_python(printable({**renamed, "schema": SWEEP_SCHEMA}))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except DataError as error:
        reason = str(error).rstrip(".")
    raise DataError(f"{source} is no record of a sweep ({reason}); remove it, or mend it.")


@functools.cache
def _adapter() -> TypeAdapter[SweepRecord]:
    return TypeAdapter(SweepRecord)


def read_sweep(path: Path) -> SweepRecord:
    """The record kept in a file; DataError, which names the file, if it is damaged or none."""
    try:
        data = read_json(path)
    except ValueError as error:  # no JSON, or no UTF-8
        raise DataError(f"{path} is no record of a sweep ({error}); remove it, or mend it.") from None
    return sweep_of(data, str(path))


def read_own_sweep(path: Path) -> SweepRecord:
    """The record of a file in a store that is named by its sweep's id: a copy under another name does not count."""
    record = read_sweep(path)
    if path.stem != record.id:
        raise DataError(f"{path} is a copy of the sweep {record.id}; remove it.")
    return record
