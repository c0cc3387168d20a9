"""Parts of a method that an ablation study can switch off by settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEVER = 100_000
"""An epoch that no run reaches, for settings that say when something begins."""


@dataclass(frozen=True)
class Part:
    """A part of a method.

    off: the settings that take it out, together with every part that needs it.
    needs: parts without which it cannot be, or would do nothing.
    what: what it is, in a few words.
    """

    off: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    what: str = ""


FOCUSING = Part({"gamma_pos": 0.0, "gamma_neg": 0.0}, what="the asymmetric loss's focusing exponents; off is BCE's 0")
SHIFT = Part({"clip": 0.0}, what="the asymmetric loss's shift of negative probabilities")
CLASS_CONTEXTS = Part({"class_specific": False}, what="contexts for each class; off shares one set")
