"""ROLE: every label of every training image has an estimate of its own, learned along with the classifier."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting
from methods.base import METHODS, Batch, Task
from methods.baselines.single_positive import EXPECTED_POSITIVES, ExpectedPositivesConfig
from methods.head_method import HeadMethod
from methods.losses.expected_positives import positives_per_image
from methods.losses.role import role_loss
from methods.training_memory import Sizes, trained_memory


@dataclass(frozen=True, kw_only=True)
class ROLEConfig(ExpectedPositivesConfig):
    """Defaults: the official code's."""

    estimate_lr: float = setting(
        10.0, "learning rate of the label estimates, times the base rate", gt=0, search=log_float(1, 30)
    )


class LabelEstimates(nn.Module):
    """Logits (N, C) for the labels of all training images: a row each, learned freely.

    Known labels start at sure values, chance 0.995 or 0.005; unknown ones at uniform draws with chances 0.4 to 0.6.
    """

    def __init__(self, observed: Tensor):
        super().__init__()
        spread, sure = (torch.logit(torch.tensor(chance)) for chance in (0.6, 0.995))
        draws = spread * (2 * torch.rand(observed.shape) - 1)
        known = observed.to(draws) * sure
        self.logits = nn.Parameter(torch.where(known == 0, draws, known).to(observed.device))

    def forward(self, rows: Tensor) -> Tensor:
        """Logits (B, C) of the images in `rows` (B,)."""
        return self.logits[rows]


@METHODS.register("role")
class ROLE(HeadMethod):
    """Regularised online label estimation (Cole et al., CVPR 2021), with a head on frozen features.

    p (B, C): the head's chances; q (B, C): the estimates of the batch's images, free parameters (N, C).
    loss = half of [CE(known, p) + CE(sg(q) -> p) + ((mean_b sum_c p - k) / C)^2] and of the same with p and q swapped

    The estimates are ten times as fast as the head and free of weight decay (the official optimiser has none). As in
    the official code they are one dense parameter of an adaptive optimiser: images that are not in the batch still
    drift by their momentum. The paper knows positives only; a known negative counts in the same way as a positive.
    """

    Config = ROLEConfig
    family = "corrections"
    reference = "Cole et al., Multi-Label Learning from Single Positive Labels, CVPR 2021"
    equation = "half of [CE(y, p) + CE(sg(q) -> p) + ((mean sum p - k) / C)^2] and of the same with p, q swapped"
    defaults_from = "official code's loss and initial values; optimiser ours"
    note = (
        "k is estimated from observed labels (the paper counts full ones); known negatives, which the paper does not "
        "have, are used"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        # Its "linear" mode is ours: a linear layer on fixed mean-pooled features. The rate is one of its grid of four.
        "paper": {
            "head": "linear",
            "optimizer": "adam",
            "schedule": "constant",
            "lr": 1e-3,
            "weight_decay": 0.0,
            "batch_size": 16,
            "epochs": 25,
        },
        **EXPECTED_POSITIVES,
    }
    training_only: ClassVar[tuple[str, ...]] = ("estimates",)

    config: ROLEConfig

    def __init__(self, config: ROLEConfig, task: Task):
        super().__init__(config, task)
        self.estimates = LabelEstimates(task.observed)
        self.expected = config.expected_positives or positives_per_image(task.observed)

    @classmethod
    def training_memory(cls, config: ROLEConfig, sizes: Sizes) -> int:
        """A trained number for each label of each training image, and three temporaries of the optimiser."""
        labels = sizes.train_images * sizes.classes
        return trained_memory(labels, config.optimizer, config.ema) + 12 * labels

    @classmethod
    def lr_multipliers(cls, config: ROLEConfig) -> dict[str, float]:
        return {"estimates": config.estimate_lr}

    @classmethod
    def decay_multipliers(cls, config: ROLEConfig) -> dict[str, float]:
        return {"estimates": 0.0}

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        estimates = self.estimates(batch.rows)
        self.record(batch, positive=estimates > 0, negative=estimates < 0)  # the side on which each soft label lies
        return role_loss(logits, estimates, batch.labels, self.expected)
