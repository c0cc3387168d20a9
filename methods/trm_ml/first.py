"""The first reconstruction of TRM-ML, from before the abstract of its patent was found; kept so that old numbers stand.

It has the query level alone, is taught by CLIP's local scores, and contrasts features with texts without a memory.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from bench.settings.config import setting
from methods.base import METHODS
from methods.parts import Part
from methods.trm_ml.ablation import FIRST_LADDER, FIRST_SWITCHES
from methods.trm_ml.config import TRMConfig
from methods.trm_ml.levels import Score
from methods.trm_ml.model import TRMML


@dataclass(frozen=True, kw_only=True)
class FirstTRMConfig(TRMConfig):
    """Where the first reconstruction differs from the second one, by default."""

    scored: Score = setting("query", "which level meets the text at test time: there was one level only [U]")
    teacher: Literal["region", "clip"] = setting(
        "clip", "who teaches the logits: CLIP's own local scores [A, against T]"
    )
    contrast_prototypes: bool = setting(
        False, "the memory's visual elements take part [U, against T]; less on held-out images of the embedded data"
    )


@METHODS.register("trm_ml_first")
class FirstTRMML(TRMML):
    """TRM-ML, first reconstruction: one query-level feature for each category's text, taught by CLIP's local scores."""

    version = 1
    colour = ""
    Config = FirstTRMConfig
    equation = (
        "z_c = s <region_c, t_c - n_c>, region_c = attention of t_c over tokens, n_c trained; ASL(known and "
        "pseudo-labels) + KL(CLIP) + contrast(regions, texts)"
    )
    note = (
        "The reconstruction of TRM-ML from before the abstract of its patent was found, which contradicts it; older "
        "numbers of `trm_ml` are its numbers. No number here is the authors'."
    )
    switches: ClassVar[dict[str, Part]] = FIRST_SWITCHES
    ladder: ClassVar[dict[str, dict[str, Any]]] = FIRST_LADDER
