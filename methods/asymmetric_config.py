"""Settings of the asymmetric loss, for all methods that train with it; each changes the defaults."""

from dataclasses import dataclass

from torch import Tensor

from bench.settings.config import setting, uniform
from methods.base import MethodConfig
from methods.losses import Reduction, Unknown, asymmetric_loss


@dataclass(frozen=True, kw_only=True)
class FocusConfig(MethodConfig):
    """Defaults: those of DualCoOp's and TaI-DPT's code, unknown labels left out."""

    gamma_pos: float = setting(1.0, "focusing exponent of positives", ge=0, search=uniform(0, 2))
    gamma_neg: float = setting(2.0, "focusing exponent of negatives", ge=0, search=uniform(0, 4))
    clip: float = setting(0.05, "probability shift of negatives", ge=0, lt=1, search=uniform(0, 0.1))
    reduction: Reduction = setting("sum/batch", "what the summed loss is divided by")

    def asymmetric_loss(
        self, logits: Tensor, labels: Tensor, *, eps: float = 1e-8, detach: bool = True, unknown: Unknown = "ignore"
    ) -> Tensor:
        """ASL, a scalar, of logits (B, C) and labels (B, C); see `methods.losses`."""
        return asymmetric_loss(
            logits,
            labels,
            gamma_pos=self.gamma_pos,
            gamma_neg=self.gamma_neg,
            clip=self.clip,
            unknown=unknown,
            reduction=self.reduction,
            eps=eps,
            detach=detach,
        )


@dataclass(frozen=True, kw_only=True)
class AsymmetricConfig(FocusConfig):
    """The loss as the only one of a method, with what unknown labels are in it."""

    unknown: Unknown = setting(
        "ignore", "what an unknown label is: left out, or taken for a negative (for protocols without negatives)"
    )
    loss_weight: float = setting(1.0, "factor on the loss", gt=0)

    def objective(self, logits: Tensor, labels: Tensor, *, eps: float = 1e-8, detach: bool = True) -> Tensor:
        """loss_weight ASL, a scalar, of logits (B, C) and observed labels (B, C)."""
        return self.loss_weight * self.asymmetric_loss(logits, labels, eps=eps, detach=detach, unknown=self.unknown)
