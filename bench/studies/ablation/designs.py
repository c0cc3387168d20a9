"""Which variants of a method tell what its parts bring: designs as pure functions from parts to arms.

>>> from methods.parts import Part
>>> parts = {"a": Part({"x": False}), "b": Part({"y": 0.0})}
>>> [arm.name for arm in leave_one_out(parts)], leave_one_out(parts)[1].overrides
(['whole', '- a', '- b'], {'x': False})
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bench.errors import UsageError
from bench.planning.request import Variant
from bench.settings.config import build, values
from bench.settings.registry import nearest
from bench.studies.ablation.parts import Parts, overrides, supported, switched_on, with_needs
from bench.system.wording import shown
from methods import METHODS, Method

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


@dataclass(frozen=True)
class AblationStudy:
    """An ablation of `method`: what is switched, in which arms. notes: what was left out, in sentences."""

    method: str
    design: Design
    parts: tuple[str, ...]
    arms: tuple[Arm, ...]
    notes: tuple[str, ...] = ()

    def line(self, arm: Arm) -> str:
        """What the arm is called among other methods: `trm_ml: - regions`."""
        return f"{self.method}: {arm.name}"

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The arms that can run, as entries of a sweep."""
        return tuple(Variant(self.method, arm.overrides, self.line(arm)) for arm in self.arms if not arm.refused)

    def to_json(self) -> dict[str, Any]:
        return {"kind": "ablation", **dataclasses.asdict(self)}


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
    found = list(itertools.islice(combinations(parts), FACTORIAL_LIMIT + 1))
    if len(found) > FACTORIAL_LIMIT:
        raise UsageError(
            f"a factorial of {len(parts)} parts has up to 2^{len(parts)} = {2 ** len(parts)} variants, each at every "
            f"ratio and seed; at most {FACTORIAL_LIMIT} are run. Choose parts with --parts ({', '.join(parts)}), or "
            "take --design leave-one-out."
        )
    return tuple(Arm(_named(parts, on), overrides(parts, on), on, BARE if on else "", on if on else ()) for on in found)


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


BY_PARTS: dict[Design, Callable[[Parts], tuple[Arm, ...]]] = {
    "leave-one-out": leave_one_out,
    "add-one-in": add_one_in,
    "factorial": factorial,
    "ladder": build_ladder,
}


def plan_ablation(
    method: type[Method], design: Design, settings: Mapping[str, Any], asked: Sequence[str] | None = None
) -> AblationStudy:
    """The study of a method that otherwise runs with `settings` (its recipe's and the user's).

    asked: the parts to switch, all others staying as they are; by default all that are on. Their order is a ladder's.
    """
    if not method.switches:
        able = ", ".join(name for name in METHODS.names() if METHODS.get(name).switches)
        raise UsageError(f"method {method.name!r} declares no parts that could be switched off; these do: {able}.")
    if asked is not None and not asked:
        raise UsageError(f"--parts is empty; name at least one of {', '.join(method.switches)}, or leave it out.")
    asked = [_part(method, name) for name in asked] if asked else None
    whole = values(build(method.Config, settings, owner=method.name))
    on = switched_on(method.switches, whole)
    off = [name for name in method.switches if name not in on]
    for name in asked or ():
        if name in off:
            told = _told(method.switches[name].off)
            raise UsageError(f"part {name!r} of {method.name} is off already in these settings ({told}).")
    parts = {name: method.switches[name] for name in (asked or method.switches) if name not in off}
    if not parts:
        raise UsageError(f"all parts of {method.name!r} ({', '.join(off)}) are off already in these settings.")
    left = [f"{name} ({_told(method.switches[name].off)})" for name in off if not asked]
    notes = [f"Off already in these settings, and so not studied: {', '.join(left)}."] if left else []
    if design == "ladder" and asked is None and method.ladder:
        arms, more = _climbable(method, rungs(method.ladder), settings)
        notes += more
    else:
        arms = BY_PARTS[design](parts)
        if design == "factorial" and len(arms) < 2 ** len(parts):
            needs = "; ".join(f"{n} needs {', '.join(p.needs)}" for n, p in parts.items() if set(p.needs) & set(parts))
            notes.append(f"{len(arms)} of 2^{len(parts)} combinations can be: {needs}.")
    return AblationStudy(method.name, design, tuple(parts), tuple(_checked(method, arms, settings)), tuple(notes))


def _part(method: type[Method], asked: str) -> str:
    """The part's name; case does not count, and a hyphen is as good as a space."""

    def plain(name: str) -> str:
        return name.lower().replace("-", " ").replace("_", " ")

    for name in method.switches:
        if plain(name) == plain(asked):
            return name
    raise UsageError(f"method {method.name!r} has no part {shown(asked)}; {nearest(asked, method.switches)}")


def _checked(method: type[Method], arms: Sequence[Arm], settings: Mapping[str, Any]) -> Iterator[Arm]:
    """The arms; those whose settings the method does not accept say why."""
    for arm in arms:
        try:
            build(method.Config, {**settings, **arm.overrides}, owner=method.name)
        except UsageError as error:
            yield dataclasses.replace(arm, refused=str(error))
        else:
            yield arm


def _climbable(
    method: type[Method], arms: Sequence[Arm], settings: Mapping[str, Any]
) -> tuple[tuple[Arm, ...], list[str]]:
    """The rungs that differ from the one below under these settings, and a note for each other."""
    kept: list[Arm] = []
    notes = []
    below: Any = None
    for arm in arms:
        try:
            here = build(method.Config, {**settings, **arm.overrides}, owner=method.name)
        except UsageError:
            here = None
        if kept and here is not None and here == below:
            notes.append(f"Rung {arm.name!r} changes nothing in these settings and is left out.")
            continue
        kept.append(dataclasses.replace(arm, against=kept[-1].name if kept else ""))
        below = here
    return tuple(kept), notes


def _told(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())
