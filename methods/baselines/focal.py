"""The focal loss on a head."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from bench.settings.config import setting, uniform
from methods.base import METHODS, Batch
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction, Unknown, focal_loss
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class FocalConfig(HeadConfig):
    gamma: float = setting(2.0, "focusing exponent of both sides", ge=0, search=uniform(0, 4))
    alpha: float | None = setting(
        None, "weight of positives, 1 - alpha that of negatives; none leaves both at 1", ge=0, le=1
    )
    detach: bool = setting(
        True, "the focusing factor is a constant for the gradient and log p is log max(p, 1e-8); off: neither"
    )
    unknown: Unknown = setting("negative", "what an unknown label is: left out, or taken for a negative")
    reduction: Reduction = setting("sum", "what the summed loss is divided by")


@METHODS.register("focal")
class Focal(HeadMethod):
    """The focal loss, with unknown labels taken for negatives unless set otherwise.

    loss = sum of [ -(1 - p)^gamma log p over positives, -p^gamma log(1 - p) over negatives ]

    The Hill loss's repository compares with it as its AsymmetricLoss(gamma_neg=2, gamma_pos=2, clip=0), which detaches
    the factors (1 - p)^gamma and p^gamma; so do the defaults here.
    """

    version = 2  # the focusing factor is detached, as in the Hill loss's repository
    batches_suffice = True
    Config = FocalConfig
    reference = "Lin et al., Focal Loss for Dense Object Detection, ICCV 2017; as in the Hill loss's code (2021)"
    equation = "-(1-p)^g log p for positives, -p^g log(1-p) for negatives"
    defaults_from = "the Hill loss's code (gamma 2, detached, no alpha, sum, unknown as negative); optimiser ours"
    note = "a head over frozen features; no alpha, which the detection paper and mmpretrain set to 0.25"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "ignore-unknown": {"unknown": "ignore"},
        "mmpretrain": {"alpha": 0.25, "detach": False, "reduction": "sum/batch"},
    }
    switches: ClassVar[dict[str, Part]] = {"focusing": Part({"gamma": 0.0}, what="the focusing exponent")}

    config: FocalConfig

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return focal_loss(
            logits,
            batch.labels,
            gamma=self.config.gamma,
            alpha=self.config.alpha,
            detach=self.config.detach,
            unknown=self.config.unknown,
            reduction=self.config.reduction,
        )
