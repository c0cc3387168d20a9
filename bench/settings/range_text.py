"""Search ranges as files state them."""

from collections.abc import Mapping
from typing import Any

from bench.errors import UsageError
from bench.settings.ranges import LARGEST_WHOLE, Choice, Number, Range
from bench.system.wording import shown


def parse_range(owner: str, option: str, value: Any, whole: bool) -> Range:
    """A range as a file says it: `{low: 1e-4, high: 1e-1, log: true}` or a list of options.

    whole: whether the setting takes integers only. UsageError for anything else.
    """
    form = "give {low: 1e-4, high: 1e-1, log: true}, a list of choices such as [4, 8, 16], or null to keep it fixed"
    try:
        if isinstance(value, (list, tuple)):
            return Choice(tuple(value))
        if isinstance(value, Mapping) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
            low, high, log = _number(value["low"]), _number(value["high"]), value.get("log", False)
            if isinstance(log, bool):
                return Number(low, high, log=log, whole=whole)
    except (ValueError, TypeError) as error:
        raise UsageError(f"The search space of {owner}.{option} is not allowed: {error}; {form}.") from None
    raise UsageError(f"The search space of {owner}.{option} is not allowed: {shown(value)}; {form}.")


def _number(value: Any) -> float:
    """A number; as text, which a caller may have it, with ASCII digits only."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"{shown(value)} is not a number")
    if isinstance(value, str):
        if not value.isascii() or "_" in value:
            raise ValueError(f"{shown(value)} is not a number")
        return _parsed(value)
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise ValueError(f"whole numbers go up to {LARGEST_WHOLE}, not to {shown(value)}")
    return value


def _parsed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{shown(text)} is not a number") from None
