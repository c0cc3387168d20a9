"""Sets of a method's parts: which can be together, and the settings that take the others out.

>>> from methods.parts import Part
>>> parts = {"text": Part({"x": False}), "teacher": Part({"y": 0.0}, needs=("text",))}
>>> supported(parts, {"teacher"}), with_needs(parts, "teacher"), overrides(parts, ("text",))
((), ('text', 'teacher'), {'y': 0.0})
"""

from collections.abc import Collection, Mapping
from typing import Any

from methods.parts import Part

Parts = Mapping[str, Part]
"""By name, in the order in which the method declares them."""


def supported(parts: Parts, on: Collection[str]) -> tuple[str, ...]:
    """Those of `on` that have all that they need, and all that this needs, among `on`; in the parts' order."""
    kept = [name for name in parts if name in on]
    while lacking := [name for name in kept if set(parts[name].needs) & set(parts) - set(kept)]:
        kept = [name for name in kept if name not in lacking]
    return tuple(kept)


def with_needs(parts: Parts, part: str) -> tuple[str, ...]:
    """The part and all that it needs, in the parts' order."""
    needed, new = {part}, {part}
    while new:
        new = {need for name in new for need in parts[name].needs if need in parts} - needed
        needed |= new
    return tuple(name for name in parts if name in needed)


def overrides(parts: Parts, on: Collection[str]) -> dict[str, Any]:
    """Settings of the variant that has just the parts `on`.

    A part that is out because another one is needs no settings of its own: `Part.off` takes out both.
    """
    settings: dict[str, Any] = {}
    for name, part in parts.items():
        if name not in on and all(need in on or need not in parts for need in part.needs):
            settings |= part.off
    return settings


def switched_on(parts: Parts, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts that a method with these (complete) settings has."""

    def own(name: str) -> dict[str, Any]:
        """What takes out this part itself, without what takes out the parts that need it."""
        others = [part.off for part in parts.values() if name in part.needs]
        return {k: v for k, v in parts[name].off.items() if not any(k in off and off[k] == v for off in others)}

    return supported(parts, {name for name in parts if any(settings[k] != v for k, v in own(name).items())})
