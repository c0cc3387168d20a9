"""Words for the values of a setting that are allowed."""

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a finite number",
    str: "text",
    Path: "a path",
    types.NoneType: "null",
}
_LIMITS = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}


def allowed(hint: Any, bounds: Mapping[str, float]) -> str:
    """The values of a type, within the bounds `ge`, `gt`, `le`, `lt` of its numbers.

    >>> allowed(int, {"ge": 0}), allowed(float, {"ge": 0, "lt": 1}), allowed(bool, {})
    ('a whole number of at least 0', 'a finite number of at least 0 and below 1', 'true or false')
    >>> allowed(Literal["sum", "mean"], {}), allowed(float | Literal["published"], {})
    ('sum or mean', 'a finite number or published')
    """
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(allowed(one, bounds) for one in typing.get_args(hint))
    if typing.get_origin(hint) is Literal:
        *others, last = map(str, typing.get_args(hint))
        return f"{', '.join(others)} or {last}" if others else last
    limits = (
        " and ".join(f"{_LIMITS[name]} {bound:g}" for name, bound in bounds.items()) if hint in (int, float) else ""
    )
    return f"{_KINDS.get(hint, hint)}{limits and ' '}{limits}"
