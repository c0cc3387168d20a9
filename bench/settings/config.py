"""Settings as a dataclass declares them: a default, a help text, bounds, and the range that a search tries.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True, kw_only=True)
... class Example:
...     lr: float = setting(1e-3, "step size", ge=0, search=log_float(1e-4, 1e-1))
>>> search_ranges(Example)
{'lr': Number(low=0.0001, high=0.1, log=True, whole=False)}
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from bench.settings.ranges import BOUNDS, Choice, Number, Range, check_bounds

INHERITED: Any = object()
"""A setting that says nothing of its search range has that of the class it is declared anew in place of, if any."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoOptions:
    """For what has nothing to set."""


def setting(
    default: Any,
    help: str,
    *,
    search: Range | None = INHERITED,
    decided_by: str = "",
    added_later: bool = False,
    **bounds: float,
) -> Any:
    """A dataclass field with its help text and optional bounds `ge`, `gt`, `le`, `lt`.

    search: what `bench search` tries for it (`log_float`, `uniform`, `integer`, `choice`); None keeps it fixed, also
    where a base class has a range for it. decided_by: a setting that, once it is given, leaves the search no choice.
    added_later: at its default it changes nothing against the time before it existed, so no key holds it then.
    """
    unknown = set(bounds) - set(BOUNDS)
    if unknown:
        raise TypeError(f"unknown bounds {sorted(unknown)}")
    metadata: dict[str, Any] = {"help": help, "bounds": bounds, "decided_by": decided_by, "added_later": added_later}
    if search is not INHERITED:
        metadata["search"] = search
        if search is not None:
            check_bounds(search, bounds)
    return dataclasses.field(default=default, metadata=metadata)


def uniform(low: float, high: float) -> Number:
    """Floats, evenly spread."""
    return Number(float(low), float(high))


def log_float(low: float, high: float) -> Number:
    """Floats, evenly spread over orders of magnitude."""
    return Number(float(low), float(high), log=True)


def integer(low: int, high: int, log: bool = False) -> Number:
    """Whole numbers."""
    return Number(low, high, log=log, whole=True)


def choice(*options: Any) -> Choice:
    """One of these."""
    return Choice(options)


def search_ranges(cls: type) -> dict[str, Range]:
    """The declared search range of each field of dataclass `cls` that has one, in declaration order."""
    declared = {field.name: _declared(cls, field.name).get("search") for field in dataclasses.fields(cls)}
    return {name: range_ for name, range_ in declared.items() if range_ is not None}


def decided(config: Any) -> set[str]:
    """The names of the settings that others of the dataclass `config` decide, by being given."""
    names = {field.name: _declared(type(config), field.name).get("decided_by") for field in dataclasses.fields(config)}
    return {name for name, other in names.items() if other and getattr(config, other)}


def _declared(cls: type, name: str) -> Mapping[str, Any]:
    """What the nearest class that speaks of the field's search says of the field; nothing where none does."""
    for base in cls.__mro__:
        field = base.__dict__.get("__dataclass_fields__", {}).get(name)
        if field is not None and "search" in field.metadata:
            metadata: Mapping[str, Any] = field.metadata
            return metadata
    return {}
