"""Designs of ablation studies: pure functions from a method's parts to the variants to run.

>>> from methods.parts import Part
>>> parts = {"a": Part({"x": False}), "b": Part({"y": 0.0})}
>>> [arm.name for arm in leave_one_out(parts)], leave_one_out(parts)[1].overrides
(['whole', '- a', '- b'], {'x': False})
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bench.errors import UsageError
from bench.studies.ablation.parts import Parts, overrides, supported, with_needs

Design = Literal["leave-one-out", "add-one-in", "factorial", "ladder"]


DESIGNS: tuple[Design, ...] = get_args(Design)


WHOLE, BARE = "whole", "baseline"


FACTORIAL_LIMIT = 64
"""Variants of a factorial: 2^6. More parts cost more than their higher interactions tell."""


@dataclass(frozen=True)
class Arm:
    """One variant of the method.

    on: the parts it has; empty for the rungs of a declared ladder. overrides: the settings that take out the others.
    against: the arm that it is compared with, "" for the reference itself. changed: the parts in which the two differ.
    refused: why the method does not accept these settings, or "".
    """

    name: str
    overrides: Mapping[str, Any]
    on: tuple[str, ...] = ()
    against: str = ""
    changed: tuple[str, ...] = ()
    refused: str = ""


def leave_one_out(parts: Parts) -> tuple[Arm, ...]:
    """The whole, and the whole without each part (and what needs it)."""
    arms = [Arm(WHOLE, {}, tuple(parts))]
    for part in parts:
        on = supported(parts, set(parts) - {part})
        others = [name for name in parts if name not in on and name != part]
        also = f" (and {', '.join(others)})" if others else ""
        arms.append(Arm(f"- {part}{also}", overrides(parts, on), on, WHOLE, (part, *others)))
    return tuple(arms)


def add_one_in(parts: Parts) -> tuple[Arm, ...]:
    """The baseline without any part, it with each part (and what that needs), and the whole."""
    arms = [Arm(BARE, overrides(parts, ()), ())]
    for part in parts:
        on = with_needs(parts, part)
        others = [name for name in on if name != part]
        also = f" (with {', '.join(others)})" if others else ""
        arms.append(Arm(f"+ {part}{also}", overrides(parts, on), on, BARE, (part, *others)))
    if len(parts) > 1:
        arms.append(Arm(WHOLE, {}, tuple(parts), BARE, tuple(parts)))
    return tuple(arms)


def combinations(parts: Parts) -> Iterator[tuple[str, ...]]:
    """All sets of parts that have what they need, small ones first."""
    for size in range(len(parts) + 1):
        for on in itertools.combinations(parts, size):
            if supported(parts, on) == on:
                yield on


def factorial(parts: Parts) -> tuple[Arm, ...]:
    """Every combination of parts that can be; UsageError where they are more than `LARGEST`."""
    subsets = list(itertools.islice(combinations(parts), FACTORIAL_LIMIT + 1))
    if len(subsets) > FACTORIAL_LIMIT:
        raise UsageError(
            f"a factorial of {len(parts)} parts has up to 2^{len(parts)} = {2 ** len(parts)} variants, each at every "
            f"ratio and seed; at most {FACTORIAL_LIMIT} are run. Choose parts with --parts ({', '.join(parts)}), or "
            "take --design leave-one-out."
        )
    return tuple(
        Arm(_named(parts, on), overrides(parts, on), on, BARE if on else "", on if on else ()) for on in subsets
    )


def _named(parts: Parts, on: Sequence[str]) -> str:
    if not on:
        return BARE
    return WHOLE if len(on) == len(parts) else " + ".join(on)


def build_ladder(parts: Parts) -> tuple[Arm, ...]:
    """A ladder from the parts in their order: each rung has one more than the one before."""
    arms = [Arm(BARE, overrides(parts, ()), ())]
    for count, part in enumerate(parts, start=1):
        on = tuple(parts)[:count]
        if lacking := [need for need in parts[part].needs if need in parts and need not in on]:
            raise UsageError(f"part {part!r} needs {lacking[0]!r}; name that one before it in --parts.")
        arms.append(Arm(f"+ {part}", overrides(parts, on), on, arms[-1].name, (part,)))
    return tuple(arms)


def rungs(ladder: Mapping[str, Mapping[str, Any]]) -> tuple[Arm, ...]:
    """A ladder that the method declares."""
    names = ["", *ladder]
    return tuple(
        Arm(name, settings, against=names[place], changed=(name,) if place else ())
        for place, (name, settings) in enumerate(ladder.items())
    )
