"""Recipes: named settings of methods, a paper's own or those that were chosen on training images for one backbone."""

import dataclasses
import functools
import tomllib
from importlib import resources
from typing import Any, NamedTuple

from bench.errors import UsageError
from bench.settings.registry import nearest
from methods import Method


class TunedSet(NamedTuple):
    """Settings by method for one backbone, and how they were chosen: a file `methods/recipes/NAME.toml`.

    otherwise: the set that serves methods without a table in this one; "" for none.
    """

    backbone: str
    otherwise: str
    tables: dict[str, dict[str, Any]]


@functools.cache
def tuned_sets() -> dict[str, TunedSet]:
    """All sets by name, which is the name of their recipes."""
    files = [file for file in resources.files("methods").joinpath("recipes").iterdir() if file.name.endswith(".toml")]
    contents = {file.name.removesuffix(".toml"): tomllib.loads(file.read_text()) for file in files}
    return {
        name: TunedSet(
            contents[name].pop("backbone"), contents[name].pop("otherwise", ""), _without_head(contents[name])
        )
        for name in sorted(contents)
    }


def _without_head(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: table for name, table in content.items() if isinstance(table, dict)}


def all_recipes(method: type[Method]) -> dict[str, dict[str, Any]]:
    """The method's own recipes, and one of each set in which it has been tuned."""
    known = {field.name for field in dataclasses.fields(method.Config)}
    tuned = {
        name: {setting: value for setting, value in _resolved(name, method.name).items() if setting in known}
        for name, one in tuned_sets().items()
        if method.name in one.tables
    }
    return {**method.recipes, **tuned}


def _resolved(set_name: str, table: str) -> dict[str, Any]:
    """A table of a set on top of the one that it is `like`: another of this set, or "SET:TABLE"."""
    own = {**tuned_sets()[set_name].tables[table]}
    if "like" not in own:
        return own
    other_set, _, other = own.pop("like").rpartition(":")
    return {**_resolved(other_set or set_name, other), **own}


def recipe_for(method: type[Method], recipe: str, backbone: str) -> dict[str, Any]:
    """Config fields of the named recipe.

    "auto" takes that of the set for this backbone, then of the set that serves otherwise, then "paper", where the
    method has them.
    """
    available = all_recipes(method)
    if recipe == "auto":
        return next((available[name] for name in _automatic(backbone) if name in available), {})
    if recipe not in available:
        raise UsageError(f"method {method.name!r} has no recipe {recipe!r}; {nearest(recipe, ['auto', *available])}")
    return available[recipe]


def _automatic(backbone: str) -> list[str]:
    """The names of recipes that "auto" tries, in order: a tuned set's on its backbone, the paper's on all others."""
    own = next(((name, one) for name, one in tuned_sets().items() if one.backbone == backbone), None)
    return ["paper"] if own is None else [own[0], own[1].otherwise]
