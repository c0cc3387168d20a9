"""Properties, the results of checking them, and the lists in which they are collected."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor

from bench.errors import BenchError


class PropertyError(BenchError):
    """A class does not have a property: one sentence that says how it shows."""


def always(entry: Any) -> bool:
    return True


@dataclass(frozen=True)
class Property:
    """name: what holds. means: what is wrong where it does not. applies: whether it is checked for a class at all."""

    name: str
    means: str
    check: Callable[[Any], None]
    applies: Callable[[Any], bool] = always


@dataclass(frozen=True)
class Result:
    """why: how the failure shows; "" where the property holds."""

    name: str
    why: str
    means: str

    @property
    def ok(self) -> bool:
        return not self.why


class Properties(list[Property]):
    """The properties of one axis, in the order in which they are checked."""

    def property(
        self, name: str, means: str, applies: Callable[[Any], bool] = always
    ) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
        """Enter the decorated check."""

        def enter(check: Callable[[Any], None]) -> Callable[[Any], None]:
            self.append(Property(name, means, check, applies))
            return check

        return enter


def check_properties(entry: Any, properties: list[Property]) -> Iterator[Result]:
    """Check one property after the other; an exception of the class's own code is a failure that names it."""
    for known in properties:
        if known.applies(entry):
            yield Result(known.name, _problem(known, entry), known.means)


def _problem(known: Property, entry: Any) -> str:
    try:
        known.check(entry)
    except PropertyError as error:
        return str(error)
    except Exception as error:
        lines = str(error).strip().splitlines()
        return f"it raised {type(error).__name__}: {lines[0] if lines else 'without a message'}"
    return ""


def require(holds: Any, sentence: str) -> None:
    """PropertyError with this sentence unless it holds."""
    if not holds:
        fail(sentence)


def fail(sentence: str) -> NoReturn:
    raise PropertyError(sentence)


def require_close(actual: Any, expected: Any, sentence: str, rtol: float = 0, atol: float = 0) -> None:
    """Tensors, or nests of them, that are close; by default equal to the bit, NaN being equal to NaN."""
    try:
        torch.testing.assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=True)
    except AssertionError:
        fail(sentence)


def require_same_state(one: dict[str, Tensor], other: dict[str, Tensor], sentence: str) -> None:
    """Equal bits; the sentence ends with the names that differ. NaN, which may stand for "not seen yet", equals NaN."""
    different = [
        key for key in {**one, **other} if key not in one or key not in other or not _same(one[key], other[key])
    ]
    require(not different, f"{sentence} ({', '.join(different[:3])} differs)")


def _same(one: Tensor, other: Tensor) -> bool:
    with contextlib.suppress(RuntimeError):  # other shapes
        return one.dtype == other.dtype and torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
    return False
