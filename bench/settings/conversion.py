"""Conversion of plain values to typed settings, each checked before anything runs, and back.

>>> from dataclasses import dataclass
>>> from bench.settings.config import setting
>>> @dataclass(frozen=True, kw_only=True)
... class Example:
...     lr: float = setting(1e-3, "step size", ge=0)
>>> build(Example, {"lr": "2e-3"}, owner="example")
Example(lr=0.002)
"""

import dataclasses
import functools
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic import Field as PydanticField

from bench.errors import UsageError
from bench.settings.allowed import allowed
from bench.settings.ranges import LARGEST_WHOLE
from bench.system.wording import nearest, shown

C = TypeVar("C")


def build(cls: type[C], values: Mapping[str, Any], owner: str) -> C:
    """An instance of dataclass `cls` from `values` (strings are converted); `owner` names it in errors."""
    try:
        return cls(**checked_settings(cls, values, owner))
    except ValueError as error:
        raise UsageError(f"{owner}: {error}") from None


def checked_settings(cls: type, values: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """`values` with the types of the fields of dataclass `cls`, each checked alone, not in combination."""
    fields, typed = _fields(cls), {}
    for name, value in values.items():
        if name not in fields:
            raise UsageError(f"{owner} has no option {shown(name)}; {nearest(name, fields)}")
        try:
            typed[name] = _adapter(cls, name).validate_python(value)
        except ValidationError:
            raise _refusal(owner, name, value, allowed(*fields[name])) from None
        if isinstance(typed[name], int) and abs(typed[name]) > LARGEST_WHOLE:
            raise _refusal(owner, name, value, f"a whole number up to {LARGEST_WHOLE}")
    return typed


def _refusal(owner: str, name: str, value: Any, instead: str) -> UsageError:
    return UsageError(f"{owner}.{name} = {shown(value)} is not allowed; give {instead}.")


@functools.lru_cache(maxsize=1_000)
def _fields(cls: Any) -> dict[str, tuple[Any, Mapping[str, Any]]]:
    """Type and bounds of each field; kept, as the next function's are, since each cell of a plan asks for them."""
    hints = typing.get_type_hints(cls)
    return {f.name: (hints[f.name], f.metadata.get("bounds", {})) for f in dataclasses.fields(cls)}


@functools.lru_cache(maxsize=10_000)
def _adapter(cls: Any, name: str) -> TypeAdapter[Any]:
    hint, bounds = _fields(cls)[name]
    annotated: Any = typing.Annotated[hint, PydanticField(**bounds)] if bounds else hint
    return TypeAdapter(annotated, config=ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False))


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
