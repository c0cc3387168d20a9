"""Methods that are trained: those whose settings can be tuned, and which a file of tuned settings must not lack."""

from bench.planning.recipes import TunedSet
from bench.planning.request import AUTO, Request, Variant
from bench.planning.settings import variant_method
from methods import METHODS


def has_epochs(request: Request, name: str) -> bool:
    """Whether the method has epochs, with its settings for this request."""
    return bool(variant_method(request, Variant(name)).config.epochs)


def trained_methods(backbone: str) -> tuple[str, ...]:
    """The methods of the project that are trained with their settings for the backbone, in the registry's order."""
    request = Request(methods=(), percents=(), backbone=backbone, recipe=AUTO)
    return tuple(name for name in METHODS.names() if not METHODS.plugin(name) and has_epochs(request, name))


def lacking(one: TunedSet) -> list[str]:
    """The trained methods for which a file made by `bench tune` has neither settings nor a reason for their absence."""
    accounted = {*one.tables, *one.tuned.get("left_out", {})}
    return [name for name in trained_methods(one.backbone) if name not in accounted]
