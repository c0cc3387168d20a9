"""Typed settings: frozen dataclasses whose fields carry their own documentation, checked before anything runs.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True, kw_only=True)
... class Example:
...     lr: float = setting(1e-3, "step size", ge=0)
>>> build(Example, {"lr": "2e-3"}, owner="example")
Example(lr=0.002)
"""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic import Field as PydanticField

from bench.errors import UsageError
from bench.settings.ranges import LARGEST_WHOLE, Range, check_bounds, choice, integer, log_float, uniform
from bench.settings.registry import nearest
from bench.system.wording import shown, unquoted

__all__ = [
    "NoOptions",
    "build",
    "choice",
    "integer",
    "keyed_values",
    "log_float",
    "parse_overrides",
    "search_ranges",
    "setting",
    "uniform",
    "values",
]

C = TypeVar("C")
_BOUNDS = {"ge": Ge, "gt": Gt, "le": Le, "lt": Lt}
INHERITED: Any = object()
"""A setting that says nothing of its search range has that of the class it is declared anew in place of, if any."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoOptions:
    """For what has nothing to set."""


def setting(
    default: Any, help: str, *, search: Range | None = INHERITED, added_later: bool = False, **bounds: float
) -> Any:
    """A dataclass field with its help text and optional bounds `ge`, `gt`, `le`, `lt`.

    search: what `bench search` tries for it (`log_float`, `uniform`, `integer`, `choice`); None keeps it fixed, also
    where a base class has a range for it.
    added_later: at its default it changes nothing against the time before it existed, so no key holds it then.
    """
    unknown = set(bounds) - set(_BOUNDS)
    if unknown:
        raise TypeError(f"unknown bounds {sorted(unknown)}")
    metadata: dict[str, Any] = {"help": help, "bounds": bounds, "added_later": added_later}
    if search is not INHERITED:
        metadata["search"] = search
        if search is not None:
            check_bounds(search, bounds)
    return dataclasses.field(default=default, metadata=metadata)


def search_ranges(cls: type) -> dict[str, Range]:
    """The declared search range of each field of dataclass `cls` that has one, in declaration order."""
    ranges = {}
    for name in (f.name for f in dataclasses.fields(cls)):
        metadatas = (
            base.__dict__["__dataclass_fields__"][name].metadata for base in cls.__mro__ if _declares(base, name)
        )
        range_ = next((metadata["search"] for metadata in metadatas if "search" in metadata), None)
        if range_ is not None:
            ranges[name] = range_
    return ranges


def _declares(cls: type, name: str) -> bool:
    return name in cls.__dict__.get("__dataclass_fields__", {})


def _adapter(hint: Any, bounds: Mapping[str, Any]) -> TypeAdapter[Any]:
    annotated: Any = typing.Annotated[hint, PydanticField(**bounds)] if bounds else hint
    return TypeAdapter(annotated, config=ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False))


def build(cls: type[C], values: Mapping[str, Any], owner: str) -> C:
    """An instance of dataclass `cls` from `values` (strings are converted); `owner` names it in errors."""
    try:
        return cls(**checked_settings(cls, values, owner))
    except ValueError as error:
        raise UsageError(f"{owner}: {error}") from None


def checked_settings(cls: type, values: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """`values` with the types of the fields of dataclass `cls`, each checked alone, not in combination."""
    fields = {f.name: f for f in dataclasses.fields(cls)}
    hints = typing.get_type_hints(cls)
    typed = {}
    for name, value in values.items():
        if name not in fields:
            raise UsageError(f"{owner} has no option {shown(name)}; {nearest(name, fields)}")
        try:
            typed[name] = _adapter(hints[name], fields[name].metadata.get("bounds", {})).validate_python(value)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise UsageError(f"{owner}.{name} = {shown(value)} is not allowed: {reason}.") from None
        if isinstance(typed[name], int) and abs(typed[name]) > LARGEST_WHOLE:
            raise UsageError(f"{owner}.{name} = {shown(value)} is not allowed: whole numbers go up to {LARGEST_WHOLE}.")
    return typed


def values(config: Any) -> dict[str, Any]:
    """The fields of a config as plain JSON values, in declaration order."""
    return {f.name: _plain(getattr(config, f.name)) for f in dataclasses.fields(config)}


def keyed_values(config: Any) -> dict[str, Any]:
    """Those of `values` that belong into a key: without settings that were added later and have their defaults."""
    later = {f.name: f.default for f in dataclasses.fields(config) if f.metadata.get("added_later")}
    return {
        name: value for name, value in values(config).items() if not (name in later and value == _plain(later[name]))
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def parse_overrides(assignments: list[str]) -> dict[str, dict[str, str]]:
    """`["scenes.world=7", "scenes.n_train=500"]` -> `{"scenes": {"world": "7", "n_train": "500"}}`."""
    parsed: dict[str, dict[str, str]] = {}
    for assignment in assignments:
        target, equals, value = assignment.partition("=")
        owner, dot, option = target.strip().partition(".")
        if not (equals and dot and owner and option):
            raise UsageError(
                f"{shown(assignment)} is not an option; write NAME.OPTION=VALUE, for instance scenes.world=7."
            )
        if option in parsed.setdefault(owner, {}):
            raise UsageError(f"{unquoted(target)} is set twice; give it once.")
        parsed[owner][option] = value.strip()
    return parsed
