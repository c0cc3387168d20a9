"""Partial binary cross-entropy: images with few known labels count as much as those with many."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from bench.settings.config import setting, uniform
from methods.base import METHODS, Batch
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import partial_binary_cross_entropy
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class PartialBCEConfig(HeadConfig):
    alpha: float = setting(-4.45, "alpha of g(k) = alpha k^gamma + beta, k an image's share of known labels")
    beta: float = setting(5.45, "beta of g: g(0), and g(1) = alpha + beta")
    gamma: float = setting(1.0, "gamma of g", gt=0, search=uniform(0.5, 2))

    def __post_init__(self) -> None:
        lowest = min(self.beta, self.alpha + self.beta)
        if lowest < 0:
            raise ValueError(f"g(k) = alpha k^gamma + beta falls to {lowest:.2f}; a weight must not be negative.")


@METHODS.register("partial_bce")
class PartialBCE(HeadMethod):
    """Partial BCE: known labels only, each image weighted by how few of its labels are known.

    loss = mean_b [ g(k_b) / C  sum of BCE over the image's known labels ], g(k) = alpha k^gamma + beta, k_b their share
    """

    batches_suffice = True
    Config = PartialBCEConfig
    reference = "Durand et al., Learning a Deep ConvNet for Multi-Label Classification with Partial Labels, CVPR 2019"
    equation = "g(k)/C sum of BCE over an image's known labels, g(k) = alpha k^gamma + beta"
    defaults_from = "alpha, beta, gamma as the literature quotes the paper (g(0.1) = 5, g(1) = 1); optimiser ours"
    note = (
        "a head over frozen features; there is no official code, and the constants were not checked against the paper"
    )
    switches: ClassVar[dict[str, Part]] = {
        "weighting": Part({"alpha": 0.0, "beta": 1.0}, what="images with few labels count more")
    }

    config: PartialBCEConfig

    @classmethod
    def needs_negatives(cls, config: PartialBCEConfig) -> bool:
        return True

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return partial_binary_cross_entropy(
            logits, batch.labels, alpha=self.config.alpha, beta=self.config.beta, gamma=self.config.gamma
        )
