"""A head trained with the asymmetric loss: what frozen features give without any text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from bench.config import setting
from methods.base import METHODS, Batch, Features, Method, MethodConfig, Task
from methods.heads import ClassAttentionHead, LinearHead
from methods.losses import asymmetric_loss


@dataclass(frozen=True, kw_only=True)
class ASLConfig(MethodConfig):
    """Defaults: the gammas of the partial-label papers (DualCoOp, TaI-DPT), unknown labels left out, and the head
    that reads the same dense tokens as the text-pixel methods do."""

    pool: Literal["attention", "mean", "clip"] = setting(
        "attention",
        "what is classified: dense tokens through a learned attention per class, their mean, or CLIP's pooled vector",
    )
    unknown: Literal["ignore", "negative"] = setting(
        "ignore", "what an unknown label is: left out, or taken for a negative"
    )
    gamma_pos: float = setting(1.0, "focusing exponent of positives", ge=0)
    gamma_neg: float = setting(2.0, "focusing exponent of negatives", ge=0)
    clip: float = setting(0.05, "probability shift of negatives", ge=0, lt=1)
    reduction: Literal["sum", "sum/batch", "mean/known", "mean"] = setting(
        "sum/batch", "what the summed loss is divided by"
    )


@METHODS.register("asl")
class ASL(Method):
    """A head on frozen image features with the asymmetric loss (Ridnik et al., ICCV 2021).

    logit_c = b_c + sum_t softmax_t(q_c . x_t) w_c . x_t over the tokens x_t (attention), or b_c + w_c . x;
    loss = ASL(logit, label; gamma+, gamma-, clip) over the labels that count.

    ASL's own recipe trains a whole TResNet, so there is no "paper" recipe: its optimiser settings mean nothing for a
    head on frozen features. The recipes here carry the published settings of the loss only.
    """

    Config = ASLConfig
    reference = "Ridnik et al., Asymmetric Loss for Multi-Label Classification, ICCV 2021"
    note = "the paper's loss on a head over frozen features; the paper trains the whole network"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "assume-negative": {"gamma_pos": 0.0, "gamma_neg": 4.0, "clip": 0.05, "unknown": "negative"},
        "query2label": {"gamma_pos": 0.0, "gamma_neg": 2.0, "clip": 0.0},
        "bce": {"gamma_pos": 0.0, "gamma_neg": 0.0, "clip": 0.0},
    }

    config: ASLConfig

    def __init__(self, config: ASLConfig, task: Task):
        super().__init__(config, task)
        head = ClassAttentionHead if config.pool == "attention" else LinearHead
        self.head = head(task.dim, task.num_classes)

    @classmethod
    def needs_dense(cls, config: ASLConfig) -> bool:
        return config.pool != "clip"

    def view(self, features: Features) -> Tensor:
        """What the head reads: (B, HW, D) for attention, else (B, D)."""
        match self.config.pool:
            case "clip":
                return features.pooled
            case "mean":
                return features.dense.mean(dim=1)
        return features.dense

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        asl = asymmetric_loss(
            self.head(self.view(batch.features)),
            batch.labels,
            gamma_pos=self.config.gamma_pos,
            gamma_neg=self.config.gamma_neg,
            clip=self.config.clip,
            unknown=self.config.unknown,
            reduction=self.config.reduction,
        )
        return {"loss_asl": asl}

    def scorer(self) -> Callable[[Features], Tensor]:
        @torch.no_grad()
        def score(features: Features) -> Tensor:
            return self.head(self.view(features)).float()

        return score
