"""BoostLU: positive class activations times five, against the effect of assumed negatives."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.baselines.large_loss import DELTA, LargeLossRule, check_delta
from methods.head_method import LogitMethod
from methods.layers.bias import BiasConfig, start_bias
from methods.layers.heads import ClassMapHead
from methods.losses import Reduction, binary_cross_entropy
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class BoostLUConfig(BiasConfig):
    lr: float = setting(1e-3, "base learning rate", gt=0, search=log_float(1e-3, 2e-1))
    ll: Literal["none", "ll_r", "ll_ct", "ll_cp"] = setting(
        "ll_r", "the Large Loss rule it is combined with; none: BCE with unknown labels as negatives"
    )
    boost: float = setting(
        5.0, "factor on positive class activations; 1 leaves them alone", ge=0, search=uniform(1, 10)
    )
    delta: float | Literal["published"] = setting(
        "published", "as of the rule: per cent of all entries that are doubted more in each tenth of the training"
    )
    reduction: Reduction = setting("mean", "what the summed loss is divided by")

    def __post_init__(self) -> None:
        check_delta(self.delta)


def boosted(maps: Tensor, factor: float) -> Tensor:
    """Class maps (B, T, C) with positive activations times `factor`."""
    return torch.where(maps > 0, factor * maps, maps)


@METHODS.register("boostlu")
class BoostLU(LogitMethod):
    """BoostLU with a Large Loss rule (Kim et al., CVPR 2023), on class maps of frozen tokens.

    M[t, c] = w_c . x_t + b_c;  logit_c = mean_t (5 M if M > 0 else M), in training and in testing.
    loss: BCE with unknown labels as negatives, the largest losses among them rejected or corrected (`ll`).
    """

    Config = BoostLUConfig
    family = "corrections"
    reference = (
        "Kim et al., Bridging the Gap between Model Explanations in Partially Annotated Multi-label Classification, "
        "CVPR 2023"
    )
    equation = "z_c = mean_t boost(w_c . x_t + b_c), boost(v) = 5 v if v > 0 else v; Large Loss on z"
    defaults_from = "official code: factor and delta; optimiser ours"
    note = "class maps of frozen tokens instead of a trained ResNet-50's; known negatives are never doubted"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "ll-ct": {"ll": "ll_ct"},
        "ll-cp": {"ll": "ll_cp"},
        "alone": {"ll": "none"},
    }
    switches: ClassVar[dict[str, Part]] = {
        "boost": Part({"boost": 1.0}, what="positive activations count five times"),
        "large loss": Part({"ll": "none"}, what="the largest losses of assumed negatives are doubted"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("rule",)

    config: BoostLUConfig

    def __init__(self, config: BoostLUConfig, task: Task):
        super().__init__(config, task)
        self.head = ClassMapHead(task.dim, task.num_classes)
        start_bias(self.head.bias, config, task.observed, lambda logits: boosted(logits, 1 / (config.boost or 1)))
        self.rule: LargeLossRule | None = None
        if config.ll != "none":
            delta = DELTA[config.ll] if config.delta == "published" else config.delta
            self.rule = LargeLossRule(config.ll, delta, config.epochs, task.observed, config.reduction)

    def start_epoch(self, epoch: int) -> None:
        if self.rule is not None:
            self.rule.start_epoch(epoch)

    def logits(self, features: Features) -> Tensor:
        """Logits (B, C)."""
        return boosted(self.head(features.dense), self.config.boost).mean(dim=1)

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        if self.rule is None:
            return binary_cross_entropy(logits, batch.labels, unknown="negative", reduction=self.config.reduction)
        loss, positive = self.rule.forward(logits, batch.labels, batch.rows)
        if positive is not None:
            self.record(batch, positive=positive)
        return loss
