"""Binary cross-entropy on a head, with unknown labels assumed negative or left out."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from bench.settings.config import setting
from methods.base import METHODS, Batch
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction, binary_cross_entropy
from methods.losses.cross_entropy import ROLE_GUARD


@dataclass(frozen=True, kw_only=True)
class GuardedConfig(HeadConfig):
    """A guard of the logarithm, for the losses of ROLE's repository."""

    log_guard: float = setting(
        0.0, "what is added to a chance before its logarithm is taken; 1e-5 in ROLE's code", ge=0, lt=1
    )


GUARDED_RECIPES: dict[str, dict[str, Any]] = {"paper": {"log_guard": ROLE_GUARD}}


@dataclass(frozen=True, kw_only=True)
class AssumeNegativeConfig(GuardedConfig):
    reduction: Reduction = setting("mean", "what the summed loss is divided by")


@dataclass(frozen=True, kw_only=True)
class IgnoreUnknownConfig(HeadConfig):
    reduction: Reduction = setting(
        "mean/known",
        "what the summed loss is divided by; the batch's known labels are worth 9 mAP over all B C entries at 10 % of "
        "COCO in SR+CR's ablation (ICCV 2023), which trains with SGD",
    )


@METHODS.register("bce_an")
class AssumeNegative(HeadMethod):
    """Assume negative: binary cross-entropy with every unknown label taken for a negative.

    loss = sum over all entries of [ -log p for known positives, -log(1 - p) for the rest ] / (B C)
    """

    colour = "indigo"
    baseline = 1
    batches_suffice = True
    Config = AssumeNegativeConfig
    reference = "AN of Cole et al., Multi-Label Learning from Single Positive Labels, CVPR 2021"
    equation = "-log p for known positives, -log(1-p) for all the rest"
    defaults_from = "reduction of ROLE's code; optimiser ours"
    note = (
        "a head over frozen features, where the paper trains or fine-tunes the whole network; log p where ROLE's code "
        "has log(p + 1e-5), unless log_guard is set (recipe paper)"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = GUARDED_RECIPES

    config: AssumeNegativeConfig

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy(
            logits,
            batch.labels,
            log_guard=self.config.log_guard,
            unknown="negative",
            reduction=self.config.reduction,
        )


@METHODS.register("bce_iu")
class IgnoreUnknown(HeadMethod):
    """Ignore unknown: binary cross-entropy over the known labels only.

    loss = sum over known entries of [ -log p for positives, -log(1 - p) for negatives ] / (number of known entries)
    """

    colour = "pink"
    batches_suffice = True
    Config = IgnoreUnknownConfig
    reference = "IU of Cole et al., CVPR 2021; normalised as in Wang et al. (SR+CR), ICCV 2023"
    equation = "-log p for positives, -log(1-p) for negatives; unknown labels left out"
    defaults_from = "normalisation of SR+CR; optimiser ours"
    note = (
        "a head over frozen features; with no known negative all-ones is its optimum; log p where ROLE's code has "
        "log(p + 1e-5) (SR+CR has no public code)"
    )

    config: IgnoreUnknownConfig

    @classmethod
    def needs_negatives(cls, config: IgnoreUnknownConfig) -> bool:
        return True

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy(logits, batch.labels, unknown="ignore", reduction=self.config.reduction)
