"""Recipes: named settings of methods, a paper's own or those chosen on the embedded benchmark's training images."""

import dataclasses
import functools
import tomllib
from importlib import resources
from typing import Any

from bench.errors import UsageError
from bench.settings.registry import nearest
from methods import Method

EMBEDDED_BACKBONE = "tiny_clip"


@functools.cache
def embedded_recipes() -> dict[str, dict[str, Any]]:
    """Settings by method for the embedded backbone, and how they were chosen: `methods/recipes/embedded.toml`."""
    text = resources.files("methods").joinpath("recipes/embedded.toml").read_text()
    return {name: table for name, table in tomllib.loads(text).items() if isinstance(table, dict)}


def all_recipes(method: type[Method]) -> dict[str, dict[str, Any]]:
    """The method's own recipes, and "embedded" where it has been tuned there."""
    if method.name not in embedded_recipes():
        return method.recipes
    known = {field.name for field in dataclasses.fields(method.Config)}
    embedded = {name: value for name, value in _resolved(method.name).items() if name in known}
    return {**method.recipes, "embedded": embedded}


def _resolved(table: str) -> dict[str, Any]:
    """A table of the embedded recipes on top of those that it is `like`."""
    own = {**embedded_recipes()[table]}
    return {**_resolved(own.pop("like")), **own} if "like" in own else own


def recipe_for(method: type[Method], recipe: str, backbone: str) -> dict[str, Any]:
    """Config fields of the named recipe.

    "auto" takes "embedded" on the embedded backbone and "paper" on any other, where the method has them.
    """
    available = all_recipes(method)
    if recipe == "auto":
        return available.get("embedded" if backbone == EMBEDDED_BACKBONE else "paper", {})
    if recipe not in available:
        raise UsageError(f"method {method.name!r} has no recipe {recipe!r}; {nearest(recipe, ['auto', *available])}")
    return available[recipe]
