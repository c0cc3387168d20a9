"""The choice of papers that know positives only: what they do with labels that are known to be negative."""

from dataclasses import dataclass

from torch import Tensor

from bench.settings.config import setting
from methods.base import MethodConfig


@dataclass(frozen=True, kw_only=True)
class KnownNegativesConfig(MethodConfig):
    """For methods of single positive labels, where a protocol knows negatives too."""

    known_negatives: bool = setting(
        True, "labels known to be negative count as such; off: they are unknown, as they are to the paper"
    )

    def visible(self, labels: Tensor) -> Tensor:
        """Labels (..., C) as the method may see them."""
        return labels if self.known_negatives else labels.clamp(min=0)


POSITIVES_ONLY = {"known_negatives": False}
"""The recipe that throws known negatives away, as these papers' code would."""
