"""Class-aware selective loss: unknown labels are negatives, except those that are likely to be positives."""

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bench.settings.config import integer, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction, doubtful_unknowns, partial_asymmetric_loss
from methods.losses.selective import UnknownMode
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class CSLConfig(HeadConfig):
    """Defaults: the official README's command for labels hidden at random; the code's own differ (recipe `code`).

    On data where most classes are likelier than the code's prior_threshold of 0.05, that one leaves out everything.
    """

    mode: UnknownMode = setting(
        "selective",
        "unknown labels: left out, taken for negatives, or for negatives if unlikely; ignore_normalize_classes: left "
        "out, and an image with k known labels counts 1 + 1 / (1 + k)",
    )
    gamma_pos: float = setting(0.0, "focusing exponent of known positives", ge=0)
    gamma_neg: float = setting(1.0, "focusing exponent of known negatives", ge=0, search=uniform(0, 4))
    gamma_unknown: float = setting(4.0, "focusing exponent of unknown labels", ge=0, search=uniform(0, 7))
    clip: float = setting(0.0, "probability shift of negatives, known or not", ge=0, lt=1, search=uniform(0, 0.1))
    prior_threshold: float = setting(
        0.5, "unknown labels of classes that are likelier than this are left out; 1 leaves this rule out", ge=0, le=1
    )
    topk: int = setting(
        5, "likeliest unknown labels left out, for each image of a batch on average", ge=0, search=integer(0, 10)
    )
    reduction: Reduction = setting("sum", "what the summed loss is divided by")

    @property
    def reads_prior(self) -> bool:
        return self.mode == "selective" and self.prior_threshold < 1


class ClassPrior(nn.Module):
    """The mean chance of each class over the last full epoch; NaN before there was one.

    value: float32 (C,). total: float64 (C,) and images: the sum and the count of the running epoch.
    """

    def __init__(self, num_classes: int):
        super().__init__()
        self.value: Tensor
        self.total: Tensor
        self.images: Tensor
        self.register_buffer("value", torch.full((num_classes,), float("nan")))
        self.register_buffer("total", torch.zeros(num_classes, dtype=torch.float64))
        self.register_buffer("images", torch.tensor(0))

    def add(self, chance: Tensor) -> None:
        """Chances (B, C) of one batch."""
        self.total += chance.detach().double().sum(dim=0)
        self.images += len(chance)

    def turn(self) -> None:
        """An epoch is over: what it summed up becomes the prior."""
        if self.images:
            self.value.copy_(self.total / self.images)
            self.total.zero_()
            self.images.zero_()

    @property
    def known(self) -> bool:
        return not bool(self.value.isnan().any())


@METHODS.register("csl")
class CSL(HeadMethod):
    """Class-aware selective loss: P-ASL that leaves out unknown labels of likely classes and likely unknown labels.

    P-ASL: focusing exponents of their own for known positives, known negatives and unknown labels (as negatives).
    left out: unknown entries of classes with prior_c > prior_threshold, and the topk B likeliest of a batch.

    The paper takes the prior from a temporary model that was trained before with unknown labels left out. Here a
    second head (`prior_head`) is trained beside the first in just that way, and prior_c is its mean sigmoid over the
    training images in the epoch before; in the first epoch, when there is none, unknown labels are left out. Nothing
    else passes between the heads, each trains for all epochs, and the prior_head's scores are never used.
    """

    Config = CSLConfig
    reference = (
        "Ben-Baruch et al., Multi-Label Classification with Partial Annotations using Class-Aware Selective Loss, "
        "CVPR 2022"
    )
    equation = "P-ASL; unknown labels are negatives unless prior_c > threshold or among the topk B likeliest"
    defaults_from = "the official README's command for labels hidden at random; optimiser ours"
    note = "a head over frozen features; the prior comes from a second head trained alongside, not from an earlier run"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "fixed-per-class": {"gamma_neg": 3.0},
        "code": {"gamma_unknown": 2.0, "prior_threshold": 0.05},
        "ignore": {"mode": "ignore"},
        "ignore-normalize-classes": {"mode": "ignore_normalize_classes"},
        "negative": {"mode": "negative"},
    }
    switches: ClassVar[dict[str, Part]] = {
        "focusing": Part({"gamma_pos": 0.0, "gamma_neg": 0.0, "gamma_unknown": 0.0}, what="all focusing exponents"),
        "prior": Part({"prior_threshold": 1.0}, what="unknown labels of likely classes are left out"),
        "likelihood": Part({"topk": 0}, what="the likeliest unknown labels are left out"),
    }

    config: CSLConfig

    def __init__(self, config: CSLConfig, task: Task):
        super().__init__(config, task)
        self.prior_head = copy.deepcopy(self.head) if config.reads_prior else None
        self.prior = ClassPrior(task.num_classes) if config.reads_prior else None
        self.has_prior = False  # set by `start_epoch`, so it need not be in a checkpoint

    @classmethod
    def needs_negatives(cls, config: CSLConfig) -> bool:
        return config.mode.startswith("ignore") or config.reads_prior

    def start_epoch(self, epoch: int) -> None:
        if self.prior is not None:
            self.prior.turn()
            self.has_prior = self.prior.known

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        losses = super().loss(batch)
        if self.prior is not None:
            logits = self.logits(batch.features, self.prior_head)
            losses["loss_prior"] = self._p_asl(logits, batch.labels, batch.labels == 0)
            self.prior.add(torch.sigmoid(logits.float()))
        return losses

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return self._p_asl(logits, batch.labels, self._left_out(logits, batch.labels))

    def _left_out(self, logits: Tensor, labels: Tensor) -> Tensor | None:
        """The unknown entries (B, C) that do not count; None: all do."""
        if self.config.mode == "negative":
            return None
        if self.config.mode.startswith("ignore") or (self.prior is not None and not self.has_prior):
            return labels == 0
        return doubtful_unknowns(
            logits,
            labels,
            prior=None if self.prior is None else self.prior.value,
            prior_threshold=self.config.prior_threshold,
            topk=self.config.topk,
        )

    def _p_asl(self, logits: Tensor, labels: Tensor, left_out: Tensor | None) -> Tensor:
        return partial_asymmetric_loss(
            logits,
            labels,
            gamma_pos=self.config.gamma_pos,
            gamma_neg=self.config.gamma_neg,
            gamma_unknown=self.config.gamma_unknown,
            clip=self.config.clip,
            left_out=left_out,
            few_count_more=self.config.mode == "ignore_normalize_classes",
            reduction=self.config.reduction,
        )
