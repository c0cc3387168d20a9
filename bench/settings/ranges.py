"""Search ranges of single settings, small and typed: numbers between two ends, or a choice of plain values.

>>> print(Number(1e-4, 1e-1, log=True), "|", Number(1, 4, whole=True), "|", Choice(("dense", "pooled")))
0.0001 to 0.1 (log) | 1 to 4 | dense, pooled
"""

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.system.wording import shown

PROPOSED_DIGITS = 3
"""Significant digits of a proposed float: no search can tell 0.00146 from 0.0014623, and people have to read it."""

CHOICE_LIMIT = 100
"""Options of a choice: each is tried out as a setting before a search begins."""

LARGEST_WHOLE = 2**53
"""The largest whole number: up to here a float holds each of them."""

PLAIN = (str, int, float, bool, type(None))

BOUNDS = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
"""What a setting's bound of each name asks of a value."""


@dataclass(frozen=True)
class Number:
    """Numbers from `low` to `high`, both allowed; log: evenly spread over orders of magnitude; whole: integers."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"a range goes from a finite number to a larger one, not from {self.low} to {self.high}")
        if not math.isfinite(self.high - self.low):
            raise ValueError(f"a range from {self.low} to {self.high} is too wide to be searched")
        if self.log and self.low <= 0:
            raise ValueError(f"a log range begins above 0, not at {self.low}")
        if self.whole and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise ValueError(f"a range of integers has integer ends, not {self.low} and {self.high}")
        if self.whole and max(abs(self.low), abs(self.high)) > LARGEST_WHOLE:
            raise ValueError(f"whole numbers go up to {LARGEST_WHOLE}, not to {shown(self.high)}")

    @property
    def ends(self) -> tuple[Any, ...]:
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    def holds(self, value: Any) -> bool:
        """Whether `value` may be proposed."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return self.low <= value <= self.high and (not self.whole or float(value).is_integer())

    def tidy(self, value: Any) -> Any:
        """The value as it is tried: an int, or a float of few digits inside the range."""
        if self.whole:
            return int(value)
        return min(max(float(f"{value:.{PROPOSED_DIGITS}g}"), self.low), self.high)

    def to_json(self) -> dict[str, Any]:
        low, high = self.ends
        return {"low": low, "high": high, "log": self.log}

    def __str__(self) -> str:
        low, high = self.ends
        return f"{low:g} to {high:g}{' (log)' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """One of `options`: plain values."""

    options: tuple[Any, ...]

    def __post_init__(self) -> None:
        if len(self.options) < 2 or len(set(map(repr, self.options))) < len(self.options):
            raise ValueError(f"a choice has two different options at least, not {shown(list(self.options))}")
        if len(self.options) > CHOICE_LIMIT:
            raise ValueError(f"a choice has at most {CHOICE_LIMIT} options, not {len(self.options):,}")
        if not all(isinstance(option, PLAIN) for option in self.options):
            raise ValueError(f"options of a choice are plain values, not {shown(list(self.options))}")

    @property
    def ends(self) -> tuple[Any, ...]:
        return self.options

    def holds(self, value: Any) -> bool:
        return any(type(value) is type(option) and value == option for option in self.options)

    def tidy(self, value: Any) -> Any:
        return value

    def to_json(self) -> list[Any]:
        return list(self.options)

    def __str__(self) -> str:
        return ", ".join(map(str, self.options))


Range = Number | Choice


def check_bounds(range_: Range, bounds: Mapping[str, float]) -> None:
    """ValueError if a range reaches beyond the bounds `ge`, `gt`, `le`, `lt` of its setting."""
    for value in range_.ends:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        for name, bound in bounds.items():
            if not BOUNDS[name](value, bound):
                raise ValueError(f"the search range {range_} holds {value}, which its bound {name}={bound} forbids")
