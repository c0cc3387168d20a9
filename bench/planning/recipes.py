"""Recipes: named settings of methods, a paper's own or those that were chosen on training images for one backbone."""

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import UsageError
from bench.system.wording import nearest, shown
from methods import METHODS, Method

LARGEST_FILE = 1_000_000
"""Bytes of a recipe file; that of all methods has some twenty thousand."""


MADE_BY_TUNE = "tuned"
"""The table of a recipe file that `bench tune` writes about itself; all others are settings."""


class TunedSet(NamedTuple):
    """Settings by method for one backbone, and how they were chosen: `methods/recipes/NAME.toml`, or a user's file.

    otherwise: the set that serves methods without a table in this one; "" for none. tuned: what `bench tune` says of
    its making; empty for a file that was written by hand.
    """

    backbone: str
    otherwise: str
    tables: dict[str, dict[str, Any]]
    tuned: dict[str, Any]


@functools.cache
def tuned_sets() -> dict[str, TunedSet]:
    """All sets by name, which is the name of their recipes."""
    files = [file for file in resources.files("methods").joinpath("recipes").iterdir() if file.name.endswith(".toml")]
    contents = {file.name.removesuffix(".toml"): tomllib.loads(file.read_text()) for file in files}
    return {name: tuned_set(contents[name]) for name in sorted(contents)}


def tuned_set(content: Mapping[str, Any]) -> TunedSet:
    """A set from the content of its file."""
    tables = {name: table for name, table in content.items() if isinstance(table, dict) and name != MADE_BY_TUNE}
    return TunedSet(content["backbone"], content.get("otherwise", ""), tables, content.get(MADE_BY_TUNE, {}))


def all_recipes(method: type[Method]) -> dict[str, dict[str, Any]]:
    """The method's own recipes, and one of each set in which it has been tuned."""
    tuned = {name: settings_in(one, method) for name, one in tuned_sets().items() if method.name in one.tables}
    return {**method.recipes, **tuned}


def settings_in(one: TunedSet, method: type[Method]) -> dict[str, Any]:
    """The settings of the method's table, as far as the method has them."""
    known = {field.name for field in dataclasses.fields(method.Config)}
    return {setting: value for setting, value in _resolved(one, method.name).items() if setting in known}


def _resolved(one: TunedSet, table: str) -> dict[str, Any]:
    """A table of a set on top of the one that it is `like`: another of this set, or "SET:TABLE"."""
    own = {**one.tables[table]}
    if "like" not in own:
        return own
    other_set, _, other = own.pop("like").rpartition(":")
    return {**_resolved(tuned_sets()[other_set] if other_set else one, other), **own}


def recipe_for(method: type[Method], recipe: str, backbone: str, protocol: str = "auto") -> dict[str, Any]:
    """Config fields of the named recipe, or of the recipe file whose path it is.

    "auto" takes that of the sets for this backbone, those made by `bench tune` under this protocol first, then those
    written by hand, then the sets that serve otherwise, where the method has them; "paper" on a backbone without a set.
    A set that is named, or given as a file, stands before these. protocol: "auto" for any.
    """
    available = all_recipes(method)
    if method.labels != "observed":
        protocol = "auto"  # nothing that it learns from is hidden
    if recipe == "auto":
        return next((available[name] for name in _automatic(backbone, protocol) if name in available), {})
    one = _set_of(recipe)
    if one:
        if method.name in one.tables:
            return settings_in(one, method)
        return (
            available[one.otherwise] if one.otherwise in available else recipe_for(method, "auto", backbone, protocol)
        )
    if recipe not in available:
        raise UsageError(f"method {method.name!r} has no recipe {recipe!r}; {nearest(recipe, ['auto', *available])}")
    return available[recipe]


def _automatic(backbone: str, protocol: str) -> list[str]:
    """The names of recipes that "auto" tries, in order: those of the backbone's sets, the paper's where it has none.

    What was chosen with known negatives can be worthless without them: a tuned set serves its own protocol only.
    """
    own = {
        name: one
        for name, one in tuned_sets().items()
        if one.backbone == backbone and protocol in ("auto", one.tuned.get("protocol", protocol))
    }
    tuned_first = sorted(own, key=lambda name: not own[name].tuned)
    return [*tuned_first, *(own[name].otherwise for name in tuned_first)] or ["paper"]


def chosen_under(recipe: str) -> str:
    """The protocol under which `bench tune` chose the settings of a file or a set; "" where it did not choose them."""
    one = _set_of(recipe)
    return str(one.tuned.get("protocol", "")) if one else ""


def _set_of(recipe: str) -> TunedSet | None:
    """The set in the recipe file, or of that name; None for recipes of single methods."""
    return read_recipe_file(Path(recipe)) if is_recipe_file(recipe) else tuned_sets().get(recipe)


def is_recipe_file(recipe: str) -> bool:
    """Whether what stands in a recipe's place is the path of a file."""
    return recipe.endswith(".toml")


def read_recipe_file(path: Path) -> TunedSet:
    """A user's file, such as `bench tune` writes; UsageError if it is none."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UsageError(f"recipe file {path} is larger than {LARGEST_FILE:,} bytes; it is no recipe file.")
        return _parsed(path, path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"recipe file {path} cannot be read ({error}); give a TOML file such as `bench tune` writes."
        ) from None


@functools.lru_cache(maxsize=8)
def _parsed(path: Path, text: str) -> TunedSet:
    """The set that a file's text says; kept, since a plan of all methods reads it once for each of them."""
    content = tomllib.loads(text)
    if not isinstance(content.get("backbone"), str) or not isinstance(content.get(MADE_BY_TUNE, {}), dict):
        raise UsageError(f'recipe file {path} names no backbone; it begins with backbone = "NAME".')
    if (otherwise := content.get("otherwise", "")) not in ("", *tuned_sets()):
        raise UsageError(
            f"recipe file {path}: otherwise is {shown(otherwise)}; {nearest(str(otherwise), tuned_sets())}"
        )
    one = tuned_set(content)
    for name, table in one.tables.items():
        _check_table(path, one, name, table)
    return one


def _check_table(path: Path, one: TunedSet, name: str, table: Mapping[str, Any]) -> None:
    """UsageError for a table of no method, a setting that the method lacks, or a model that is none."""
    like = table.get("like")
    if like is not None:
        other_set, _, other = str(like).rpartition(":")
        home = tuned_sets().get(other_set) if other_set else one
        if home is None or other not in home.tables or (home is one and "like" in one.tables[other]):
            raise UsageError(
                f"recipe file {path}: [{name}] is like {shown(like)}, and there is no such table with settings of "
                'its own; name another table of the file, or "SET:TABLE".'
            )
    if name not in METHODS.names():
        if not any(other.get("like") == name for other in one.tables.values()):
            raise UsageError(f"recipe file {path}: [{name}] is no method; {nearest(name, METHODS.names())}")
        return
    known = [field.name for field in dataclasses.fields(METHODS.get(name).Config)]
    for setting in table:
        if setting not in (*known, "like"):
            raise UsageError(f"recipe file {path}: {name} has no setting {setting!r}; {nearest(setting, known)}")
