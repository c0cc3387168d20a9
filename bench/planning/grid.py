"""`--grid trm_ml.lr=1e-4,2e-4`: one method under several settings, each with a line of its own in every table.

>>> [variant.name for variant in variants(["asl"], parse_grid(["asl.lr=1e-3,2e-3"]))]
['asl [lr=0.001]', 'asl [lr=0.002]']
"""

import csv
import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bench.backbones import BACKBONES
from bench.data import DATASETS
from bench.errors import UsageError
from bench.features.augmentation import AUGMENTATIONS
from bench.features.feeds import FEEDS
from bench.planning.recipes import all_recipes, is_recipe_file
from bench.planning.request import Variant
from bench.settings.conversion import checked_settings
from bench.settings.registry import Registry
from bench.system.wording import nearest, shown, unquoted
from methods import METHODS
from protocols import PROTOCOLS

Grid = Mapping[str, Mapping[str, Sequence[Any]]]
"""Values by option by method."""

RECIPE = "recipe"
"""An axis that every method has beside its options."""

LARGEST_GRID = 500
"""Variants of one grid; a larger table is unreadable, and mostly a typing error."""

_FIXED: dict[str, Registry[Any]] = {
    "dataset": DATASETS,
    "protocol": PROTOCOLS,
    "backbone": BACKBONES,
    "feed": FEEDS,
    "augmentation": AUGMENTATIONS,
}


def parse_grid(axes: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Axes as typed, not yet checked against any method. A value that holds a comma is quoted as in CSV.

    >>> parse_grid(['asl.lr=1e-3,2e-3', 'asl.prompt="a photo, of",it'])
    {'asl': {'lr': ['1e-3', '2e-3'], 'prompt': ['a photo, of', 'it']}}
    """
    parsed: dict[str, dict[str, list[str]]] = {}
    for axis in axes:
        target, equals, text = axis.partition("=")
        owner, dot, option = (part.strip() for part in target.partition("."))
        if not (equals and dot and owner and option):
            raise UsageError(
                f"--grid {shown(axis)} is no axis; write METHOD.OPTION=VALUE,VALUE, as in asl.lr=1e-3,1e-2."
            )
        if option in parsed.setdefault(owner, {}):
            raise UsageError(f"--grid has {unquoted(target)} twice; give all its values at once, separated by commas.")
        parsed[owner][option] = _split(text, axis)
    return parsed


def _split(text: str, axis: str) -> list[str]:
    try:
        rows = list(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error:
        raise UsageError(f'--grid {shown(axis)}: a quoted value does not end; write one as "a, b".') from None
    values = [value.strip() for row in rows for value in row]
    if not any(values):
        raise UsageError(f"--grid {shown(axis)} has no value; write METHOD.OPTION=VALUE,VALUE.")
    return values


def variants(
    methods: Sequence[str], grid: Grid, fixed: Mapping[str, Collection[str]] | None = None
) -> tuple[Variant, ...]:
    """The sweep's entries: each method once, or once for every combination of its axes, in the order given.

    fixed: options that the sweep sets for all variants of a method, which a grid must not set again.
    """
    for owner in grid:
        _require_method(owner, methods)
    return tuple(
        variant
        for method in methods
        for variant in _product(method, grid.get(method, {}), (fixed or {}).get(method, ()))
    )


def _require_method(owner: str, methods: Sequence[str]) -> None:
    if owner in methods:
        return
    for axis, registry in _FIXED.items():
        if owner in registry.names() and owner not in METHODS.names():
            raise UsageError(
                f"--grid varies methods only, and {owner!r} is a {axis}: all lines of a table share it. "
                f"Run once for each of its values, with --set {owner}.OPTION=VALUE."
            )
    METHODS.get(owner)
    raise UsageError(f"--grid has an axis of {shown(owner)}, which this run does not have; {nearest(owner, methods)}")


def _product(method: str, axes: Mapping[str, Sequence[Any]], fixed: Collection[str]) -> list[Variant]:
    size = 1
    for option, values in axes.items():
        if option in fixed:
            raise UsageError(f"{method}.{option} is given by --set and by --grid; give it by one of them.")
        size *= len(values)
    if size > LARGEST_GRID:
        raise UsageError(f"--grid makes {size} variants of {method}; at most {LARGEST_GRID} fit into a table.")
    typed = {option: _typed(method, option, values) for option, values in axes.items()}
    return [_variant(method, dict(zip(typed, chosen, strict=True))) for chosen in itertools.product(*typed.values())]


def _variant(method: str, chosen: dict[str, Any]) -> Variant:
    name = Variant(method, chosen).name  # before the recipe is taken out: the name shows it like an option
    recipe = chosen.pop(RECIPE, "")
    return Variant(method, chosen, name, recipe)


def _typed(method: str, option: str, values: Sequence[Any]) -> list[Any]:
    """The values as the method's config has them, each once."""
    values_ = [_recipe(method, value) if option == RECIPE else _value(method, option, value) for value in values]
    for place, value in enumerate(values_):
        if value in values_[:place]:
            raise UsageError(f"--grid has {method}.{option} = {shown(value)} twice; give each value once.")
    return values_


def _value(method: str, option: str, value: Any) -> Any:
    return checked_settings(METHODS.get(method).Config, {option: value}, owner=method)[option]


def _recipe(method: str, name: Any) -> str:
    known = ["auto", *all_recipes(METHODS.get(method))]
    if not is_recipe_file(str(name)) and name not in known:
        raise UsageError(f"method {method!r} has no recipe {shown(name)}; {nearest(str(name), known)}")
    return str(name)
