"""The Hill loss on a head."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from bench.settings.config import setting, uniform
from methods.base import METHODS, Batch
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction, Unknown, hill_loss
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class HillConfig(HeadConfig):
    lamb: float = setting(
        1.5, "where the negatives' loss turns: it is steepest at p = lamb / 3", ge=1, search=uniform(1, 2.5)
    )
    margin: float = setting(1.0, "margin that is subtracted from a positive's logit", ge=0, search=uniform(0, 2))
    gamma: float = setting(2.0, "focusing exponent of positives", ge=0, search=uniform(0, 4))
    unknown: Unknown = setting("negative", "what an unknown label is: left out, or taken for a negative")
    reduction: Reduction = setting("sum", "what the summed loss is divided by")


@METHODS.register("hill")
class Hill(HeadMethod):
    """The Hill loss: unknown labels are negatives, but one that looks like a positive is let go.

    loss = sum of [ -(1 - p_m)^gamma log p_m over positives, (lamb - p) p^2 over the rest ], p_m = sigmoid(z - margin)
    """

    batches_suffice = True
    Config = HillConfig
    reference = "Zhang et al., Simple and Robust Loss Design for Multi-Label Learning with Missing Labels, 2021"
    equation = "-(1-p_m)^2 log p_m for positives, (1.5-p) p^2 for the rest, p_m = sigmoid(z-1)"
    defaults_from = "the loss's official code; optimiser ours"
    note = "a head over frozen features; known negatives have the same loss as unknown labels"
    switches: ClassVar[dict[str, Part]] = {
        "margin": Part({"margin": 0.0}, what="the margin of positives"),
        "focusing": Part({"gamma": 0.0}, what="the focusing exponent of positives"),
    }

    config: HillConfig

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return hill_loss(
            logits,
            batch.labels,
            lamb=self.config.lamb,
            margin=self.config.margin,
            gamma=self.config.gamma,
            unknown=self.config.unknown,
            reduction=self.config.reduction,
        )
