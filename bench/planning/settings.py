"""The settings that a request gives a method: its recipe's, the request's and the variant's, the later the stronger."""

from collections.abc import Mapping
from typing import Any

from bench.axes.methods import ResolvedMethod, configured_method
from bench.planning.recipes import recipe_for
from bench.planning.request import Request, Variant
from methods import METHODS


def variant_settings(request: Request, variant: Variant, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Settings of the variant beside the method's defaults, not yet checked. more: further ones, the strongest."""
    named = variant.recipe or request.recipe
    recipe = recipe_for(METHODS.get(variant.method), named, request.backbone, request.protocol)
    return {**recipe, **request.overrides.get(variant.method, {}), **variant.overrides, **(more or {})}


def variant_method(request: Request, variant: Variant) -> ResolvedMethod:
    """The variant's method with its settings; UsageError if they are not allowed."""
    return configured_method(variant.method, variant_settings(request, variant))
