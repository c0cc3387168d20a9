"""Design of sensitivity studies: one setting is varied at a time, all others stay as they are."""

import dataclasses
import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.errors import UsageError
from bench.planning.request import Variant
from bench.settings.conversion import build, values
from bench.system.wording import nearest, shown
from methods import Method

DEFAULT = "default"
VALUE_LIMIT = 100
"""Values of a setting; a curve of more is unreadable."""
CLOSE = 0.15
"""A declared value this near to the default, as a share of it, would tell nothing new."""


@dataclass(frozen=True)
class SettingValue:
    """A value of the setting. line: the line of the sweep that has it; for the method's own value, the default's."""

    value: Any
    line: str


@dataclass(frozen=True)
class SettingAxis:
    """A setting and its points, numbers in ascending order. default: the value that the method has otherwise."""

    setting: str
    default: Any
    points: tuple[SettingValue, ...]


@dataclass(frozen=True)
class SensitivityStudy:
    """The settings of `method` that are varied. notes: what was left out, in sentences."""

    method: str
    axes: tuple[SettingAxis, ...]
    notes: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The method as it is, and with each value of each setting."""
        lines = {f"{self.method}: {DEFAULT}": Variant(self.method, {}, f"{self.method}: {DEFAULT}")}
        for axis in self.axes:
            for point in axis.points:
                lines.setdefault(point.line, Variant(self.method, {axis.setting: point.value}, point.line))
        return tuple(lines.values())

    def to_json(self) -> dict[str, Any]:
        return {"kind": "sensitivity", **dataclasses.asdict(self)}


def plan_sensitivity(method: type[Method], settings: Mapping[str, Any], over: Sequence[str]) -> SensitivityStudy:
    """The study of a method that otherwise runs with `settings` (its recipe's and the user's).

    over: `"kd_weight=0.01,0.1"`, or `"kd_weight"` for the values that the method declares.
    """
    if not over:
        known = ", ".join(method.sensitivity)
        has = f"for these {method.name} has values of its own: {known}" if known else f"{method.name} declares none"
        raise UsageError(f"--over is missing; write --over SETTING=VALUE,VALUE or --over SETTING ({has}).")
    whole = values(build(method.Config, settings, owner=method.name))
    axes, notes, names = [], [], set()
    for text in over:
        name, equals, listed = text.partition("=")
        name = name.strip()
        _require_setting(method, name)
        if name in names:
            raise UsageError(f"--over {name} is given twice; give all its values at once.")
        names.add(name)
        if equals:
            candidates: Sequence[Any] = [value.strip() for value in listed.split(",") if value.strip()]
            if len(candidates) > VALUE_LIMIT:
                raise UsageError(
                    f"--over {name} has {len(candidates):,} values; at most {VALUE_LIMIT} make a curve: give fewer."
                )
        else:
            candidates = _declared(method, name)
        typed = []
        for value in candidates:
            if not equals and whole[name] not in candidates and _is_close(value, whole[name]):
                notes.append(f"{name}={value} is left out: the default {whole[name]} is next to it.")
                continue
            try:
                point = values(build(method.Config, {**settings, name: value}, owner=method.name))[name]
            except UsageError as error:
                if equals:
                    raise
                notes.append(f"{name}={value} is left out: {error}")
                continue
            if equals and point in typed:
                raise UsageError(f"--over {name} has the value {shown(point)} twice; give each value once.")
            typed.append(point)
        axes.append(_axis(method.name, name, whole[name], typed))
    return SensitivityStudy(method.name, tuple(axes), tuple(notes))


def _require_setting(method: type[Method], name: str) -> None:
    fields = [field.name for field in dataclasses.fields(method.Config)]
    if name in fields:
        return
    holding = [field for field in fields if name and name in field]
    hint = f"did you mean {' or '.join(holding)}? Allowed: {', '.join(sorted(fields))}." if holding else None
    raise UsageError(f"{method.name} has no option {shown(name)}; {hint or nearest(name, fields)}")


def _declared(method: type[Method], name: str) -> Sequence[Any]:
    if name not in method.sensitivity:
        known = ", ".join(method.sensitivity) or "none"
        raise UsageError(
            f"{method.name} declares no values for {name}; write --over {name}=VALUE,VALUE "
            f"(it declares some for: {known})."
        )
    return method.sensitivity[name]


def _axis(method: str, name: str, default: Any, typed: Sequence[Any]) -> SettingAxis:
    """With the default among the points, since all others are compared with it."""
    levels = list(dict.fromkeys([*typed, default]))
    if len(levels) < 2:
        raise UsageError(f"--over {name} has no value but the default {default}; give others.")
    if all(_is_number(value) for value in levels):
        levels.sort()
    lines = [f"{method}: {DEFAULT}" if value == default else f"{method}: {name}={value}" for value in levels]
    return SettingAxis(name, default, tuple(map(SettingValue, levels, lines)))


def _is_close(value: Any, default: Any) -> bool:
    numbers = _is_number(value) and _is_number(default)
    return numbers and value != default and abs(value - default) <= CLOSE * abs(default)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def scale_of(points: Sequence[Any]) -> str:
    """How values belong on an axis: "log", "symlog" (log with a zero), "linear", or "category" for what is no number.

    Log-spaced are values of which the largest is at least five times the smallest and whose steps are more even in
    their logarithms than in themselves.

    >>> scale_of([0.05, 0.1, 0.2, 0.5]), scale_of([0.0, 0.01, 0.1]), scale_of([1, 2, 3]), scale_of(["text", "embed"])
    ('log', 'symlog', 'linear', 'category')
    """
    if not all(_is_number(value) for value in points):
        return "category"
    positive = sorted(value for value in points if value > 0)
    if len(positive) < len(points) - points.count(0) or len(positive) < 2 or positive[-1] < 5 * positive[0]:
        return "linear"
    even = _unevenness([math.log(value) for value in positive]) <= _unevenness(positive)
    return ("symlog" if 0 in points else "log") if even else "linear"


def _unevenness(ascending: Sequence[float]) -> float:
    """Standard deviation of the steps over their mean; 0 for two values."""
    steps = [after - before for before, after in itertools.pairwise(ascending)]
    return statistics.pstdev(steps) / statistics.fmean(steps)
