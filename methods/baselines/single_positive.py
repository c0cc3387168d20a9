"""The baselines of the paper that posed single positive labels: smoothed, weak and no assumed negatives.

Its known labels are positives only. Here a protocol may also know negatives: they are negatives to all three.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.baselines.bce import GUARDED_RECIPES, AssumeNegativeConfig, GuardedConfig
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import binary_cross_entropy
from methods.losses.expected_positives import expected_positives_penalty, positives_per_image
from methods.parts import Part

SINGLE_POSITIVE_PAPER = "Cole et al., Multi-Label Learning from Single Positive Labels, CVPR 2021"
GUARD_NOTE = (
    "a head over frozen features; log p where ROLE's code has log(p + 1e-5), apart for p below 1e-3 only, unless "
    "log_guard is set (recipe paper)"
)


@dataclass(frozen=True, kw_only=True)
class SmoothingConfig(AssumeNegativeConfig):
    smoothing: float = setting(
        0.1, "share of the opposite term, for positives and negatives alike", ge=0, le=0.5, search=uniform(0, 0.4)
    )


@METHODS.register("label_smoothing")
class LabelSmoothing(HeadMethod):
    """AN-LS: unknown labels are negatives, and every label is smoothed.

    loss = sum over all entries of [ (1 - s) own term + s opposite term ] / (B C), with own term -log p for known
    positives and -log(1 - p) for the rest
    """

    batches_suffice = True
    Config = SmoothingConfig
    reference = f"AN-LS of {SINGLE_POSITIVE_PAPER}"
    equation = "0.9 own term + 0.1 opposite term; all but known positives are negatives"
    defaults_from = "smoothing and reduction of ROLE's code; optimiser ours"
    note = GUARD_NOTE
    recipes: ClassVar[dict[str, dict[str, Any]]] = GUARDED_RECIPES
    switches: ClassVar[dict[str, Part]] = {"smoothing": Part({"smoothing": 0.0}, what="label smoothing")}

    config: SmoothingConfig

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy(
            logits,
            batch.labels,
            smoothing=self.config.smoothing,
            log_guard=self.config.log_guard,
            unknown="negative",
            reduction=self.config.reduction,
        )


@dataclass(frozen=True, kw_only=True)
class WeakConfig(AssumeNegativeConfig):
    negative_weight: float = setting(0.0, "weight of a negative; 0 means 1 / (C - 1)", ge=0, le=1)


@METHODS.register("wan")
class WeakAssumeNegative(HeadMethod):
    """WAN: unknown labels are negatives of little weight, so that an image's C - 1 count as much as its one positive.

    loss = sum of [ -log p over known positives + 1/(C-1) -log(1 - p) over the rest ] / (B C)
    """

    batches_suffice = True
    Config = WeakConfig
    reference = f"WAN of {SINGLE_POSITIVE_PAPER}"
    equation = "-log p for known positives, -log(1-p) / (C-1) for all the rest"
    defaults_from = "weight and reduction of ROLE's code; optimiser ours"
    note = f"{GUARD_NOTE}; known negatives have the little weight too"
    recipes: ClassVar[dict[str, dict[str, Any]]] = GUARDED_RECIPES
    switches: ClassVar[dict[str, Part]] = {
        "weak negatives": Part({"negative_weight": 1.0}, what="negatives of little weight")
    }

    config: WeakConfig

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy(
            logits,
            batch.labels,
            negative_weight=self.config.negative_weight or 1 / max(self.task.num_classes - 1, 1),
            log_guard=self.config.log_guard,
            unknown="negative",
            reduction=self.config.reduction,
        )


@dataclass(frozen=True, kw_only=True)
class ExpectedPositivesConfig(HeadConfig):
    expected_positives: float = setting(
        0.0,
        "positives of an average image, all labels counted; 0 estimates it from the observed labels: without known "
        "negatives that is a lower bound (1 where one positive an image is known), so give it if you know it",
        ge=0,
    )


# The paper's constants, counted on full labels.
EXPECTED_POSITIVES: dict[str, dict[str, Any]] = {
    "voc2012": {"expected_positives": 1.5},
    "coco": {"expected_positives": 2.9},
    "nus": {"expected_positives": 1.9},
    "cub": {"expected_positives": 31.4},
}


@dataclass(frozen=True, kw_only=True)
class PenaltyConfig(ExpectedPositivesConfig, GuardedConfig):
    weight: float = setting(1.0, "weight of the penalty", ge=0, search=log_float(0.01, 10))


@METHODS.register("epr")
class ExpectedPositiveRegularization(HeadMethod):
    """EPR: no label is assumed; only the number of positives that an average image should have is held.

    loss = sum over known entries of [ -log p or -log(1 - p) ] / (B C) + weight ((mean_b sum_c p - k) / C)^2

    k is a setting, or estimated from the observed labels: the sum over classes of the share of positives among known
    labels, or, for classes without a known negative, of known positives per image (`positives_per_image`).
    """

    Config = PenaltyConfig
    reference = f"EPR of {SINGLE_POSITIVE_PAPER}"
    equation = "-log p over known positives + ((mean_b sum_c p - k) / C)^2"
    defaults_from = "weight and reduction of ROLE's code; optimiser ours"
    note = (
        f"{GUARD_NOTE}; k is estimated from observed labels (the paper counts full ones); known negatives add "
        "-log(1 - p)"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {**GUARDED_RECIPES, **EXPECTED_POSITIVES}
    switches: ClassVar[dict[str, Part]] = {
        "penalty": Part({"weight": 0.0}, what="the expected number of positives is held")
    }

    config: PenaltyConfig

    def __init__(self, config: PenaltyConfig, task: Task):
        super().__init__(config, task)
        self.expected = config.expected_positives or positives_per_image(task.observed)

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        with torch.autocast(logits.device.type, enabled=False):
            penalty = expected_positives_penalty(torch.sigmoid(logits.float()), self.expected)
        known = binary_cross_entropy(
            logits, batch.labels, log_guard=self.config.log_guard, unknown="ignore", reduction="mean"
        )
        return known + self.config.weight * penalty
