"""The ceiling of `asl`: the same with every label known."""

from typing import Any, ClassVar

from methods.base import METHODS
from methods.baselines.asl import ASL


@METHODS.register("oracle")
class Oracle(ASL):
    """The head and loss of `asl`, trained on all labels: what missing labels cost is the distance to it.

    A ceiling for `asl` with the same settings, not for every method: one with text or regions may stand above it.
    """

    labels = "full"
    colour = "black"
    family = "references"
    reference = "the asl baseline with full labels"
    defaults_from = "as asl"
    note = "sees all labels at every ratio"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        name: fields for name, fields in ASL.recipes.items() if "unknown" not in fields
    }
