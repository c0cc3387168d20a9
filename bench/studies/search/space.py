"""The search space of a method: the declared ranges, those of a user's file, and the settings of a proposal."""

import dataclasses
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.settings.config import decided, search_ranges
from bench.settings.conversion import build
from bench.settings.plain_yaml import read
from bench.settings.range_text import parse_range
from bench.settings.ranges import Range
from bench.system.wording import nearest, shown
from methods import Method, MethodConfig

Space = Mapping[str, Range]
SpaceText = Mapping[str, Mapping[str, Any]]


def space_of(
    method: type[Method],
    settings: Mapping[str, Any],
    overrides: Mapping[str, Any] | None = None,
    fixed: Collection[str] = (),
) -> dict[str, Range]:
    """The ranges of a method that runs with `settings` (recipe and overrides), by option, in declaration order.

    fixed: options that the user has set; they are not searched unless a file names them. Nor are options that other
    settings decide, and how to train where nothing is trained.
    UsageError if nothing is left, or if an end of a range makes no valid config.
    """
    overrides = overrides or {}
    fields = {f.name: f for f in dataclasses.fields(method.Config)}
    hints = typing.get_type_hints(method.Config)
    for option in overrides:
        if option not in fields:
            raise UsageError(f"The search space names {method.name}.{option}; {nearest(option, fields)}")
    config: Any = build(method.Config, settings, owner=method.name)
    trained = bool(config.epochs) or "epochs" in overrides
    fixed = {*fixed, *decided(config)}
    declared = {o: range_ for o, range_ in declared_ranges(method.Config, trained).items() if o not in fixed}
    space: dict[str, Range] = {}
    for option in fields:
        if option not in overrides and option in declared:
            space[option] = declared[option]
        elif overrides.get(option) is not None:
            space[option] = parse_range(method.name, option, overrides[option], whole=hints[option] is int)
    if not space:
        raise UsageError(
            f"Method {method.name!r} has no setting to search; leave it out, or give it ranges with --space FILE."
        )
    for option, range_ in space.items():
        for value in range_.ends:
            build(method.Config, {**settings, option: value}, owner=f"the search space of {method.name}")
    return space


def declared_ranges(config_class: type, trained: bool) -> dict[str, Range]:
    """What the class declares, without what matters only where something is trained unless it is."""
    idle = () if trained else {f.name for f in dataclasses.fields(MethodConfig)}
    return {option: range_ for option, range_ in search_ranges(config_class).items() if option not in idle}


def trial_settings(space: Space, proposed: Mapping[str, Any]) -> dict[str, Any]:
    """The config fields of a proposal, floats with few digits."""
    return {option: range_.tidy(proposed[option]) for option, range_ in space.items()}


def start_of(space: Space, config: Any) -> dict[str, Any] | None:
    """The settings that the method has anyway, as a proposal; None if they lie outside the space."""
    start = {option: getattr(config, option) for option in space}
    return start if lies_within(space, start) else None


def lies_within(space: Space, settings: Mapping[str, Any]) -> bool:
    """Whether a sampler could have proposed these settings, or there are none yet."""
    return not settings or all(range_.holds(settings[option]) for option, range_ in space.items())


def read_spaces(path: Path, methods: tuple[str, ...]) -> SpaceText:
    """Each method's space in a file: `{method: {option: {low, high, log} | [choices] | null}}`."""
    content = read(path, f"--space {path}", "a YAML file")
    if not isinstance(content, dict) or not all(isinstance(options, dict) for options in content.values()):
        example = "asl: {lr: {low: 1e-3, high: 1e-2, log: true}}"
        raise UsageError(f"--space {path} must say METHOD: {{OPTION: RANGE}}, for instance {example}.")
    for method in content:
        if method not in methods:
            raise UsageError(f"--space {path} names {shown(method)}, but this search has only {', '.join(methods)}.")
    return content
