"""The ablation study of a method: its parts, its arms under one design, and what is left out."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import UsageError
from bench.planning.request import Variant
from bench.settings.conversion import build, values
from bench.studies.ablation.designs import Arm, Design, add_one_in, build_ladder, factorial, leave_one_out, rungs
from bench.studies.ablation.parts import Parts, switched_on
from bench.system.wording import nearest, shown
from methods import METHODS, Method


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


BY_PARTS: dict[Design, Callable[[Parts], tuple[Arm, ...]]] = {
    "leave-one-out": leave_one_out,
    "add-one-in": add_one_in,
    "factorial": factorial,
    "ladder": build_ladder,
}


def plan_ablation(
    method: type[Method], design: Design, settings: Mapping[str, Any], chosen: Sequence[str] | None = None
) -> AblationStudy:
    """The study of a method that otherwise runs with `settings` (its recipe's and the user's).

    chosen: the parts to switch, all others staying as they are; by default all that are on. Their order is a ladder's.
    """
    if not method.switches:
        able = ", ".join(name for name in METHODS.names() if METHODS.get(name).switches)
        raise UsageError(f"method {method.name!r} declares no parts that could be switched off; these do: {able}.")
    if chosen is not None and not chosen:
        raise UsageError(f"--parts is empty; name at least one of {', '.join(method.switches)}, or leave it out.")
    chosen = [_part(method, name) for name in chosen] if chosen else None
    whole = values(build(method.Config, settings, owner=method.name))
    on = switched_on(method.switches, whole)
    off = [name for name in method.switches if name not in on]
    for name in chosen or ():
        if name in off:
            value = _settings_text(method.switches[name].off)
            raise UsageError(f"part {name!r} of {method.name} is off already in these settings ({value}).")
    parts = {name: method.switches[name] for name in (chosen or method.switches) if name not in off}
    if not parts:
        raise UsageError(f"all parts of {method.name!r} ({', '.join(off)}) are off already in these settings.")
    left = [f"{name} ({_settings_text(method.switches[name].off)})" for name in off if not chosen]
    notes = [f"Off already in these settings, and so not studied: {', '.join(left)}."] if left else []
    if design == "ladder" and chosen is None and method.ladder:
        arms, more = _distinct_rungs(method, rungs(method.ladder), settings)
        notes += more
    else:
        arms = BY_PARTS[design](parts)
        if design == "factorial" and len(arms) < 2 ** len(parts):
            needs = "; ".join(f"{n} needs {', '.join(p.needs)}" for n, p in parts.items() if set(p.needs) & set(parts))
            notes.append(f"{len(arms)} of 2^{len(parts)} combinations can be: {needs}.")
    return AblationStudy(method.name, design, tuple(parts), tuple(_checked(method, arms, settings)), tuple(notes))


def _part(method: type[Method], requested: str) -> str:
    """The part's name; case does not count, and a hyphen is as good as a space."""

    def plain(name: str) -> str:
        return name.lower().replace("-", " ").replace("_", " ")

    for name in method.switches:
        if plain(name) == plain(requested):
            return name
    raise UsageError(f"method {method.name!r} has no part {shown(requested)}; {nearest(requested, method.switches)}")


def _checked(method: type[Method], arms: Sequence[Arm], settings: Mapping[str, Any]) -> Iterator[Arm]:
    """The arms; those whose settings the method does not accept say why."""
    for arm in arms:
        try:
            build(method.Config, {**settings, **arm.overrides}, owner=method.name)
        except UsageError as error:
            yield dataclasses.replace(arm, refused=str(error))
        else:
            yield arm


def _distinct_rungs(
    method: type[Method], arms: Sequence[Arm], settings: Mapping[str, Any]
) -> tuple[tuple[Arm, ...], list[str]]:
    """The rungs that differ from the one below under these settings, and a note for each other."""
    kept: list[Arm] = []
    notes = []
    below: Any = None
    for arm in arms:
        try:
            config = build(method.Config, {**settings, **arm.overrides}, owner=method.name)
        except UsageError:
            config = None
        if kept and config is not None and config == below:
            notes.append(f"Rung {arm.name!r} changes nothing in these settings and is left out.")
            continue
        kept.append(dataclasses.replace(arm, against=kept[-1].name if kept else ""))
        below = config
    return tuple(kept), notes


def _settings_text(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())
