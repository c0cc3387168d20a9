"""SR+CR: saliency regularisation of class maps, and consistency of a weak and a strong view."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.head_method import LogitMethod
from methods.layers.bias import BiasConfig, start_bias
from methods.layers.heads import ClassMapHead
from methods.layers.token_dropout import TokenDropout
from methods.losses import binary_cross_entropy
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class SRCRConfig(BiasConfig):
    """Defaults: the paper's where it names one; its optimiser is SGD with a rate that only its supplement states."""

    lr: float = setting(1e-3, "base learning rate", gt=0, search=log_float(1e-3, 2e-1))
    saliency: float = setting(
        0.5, "weight of the salient positions' mean; 0: BCE on mean-pooled maps", ge=0, search=uniform(0, 2)
    )
    top: int = setting(5, "how many positions of a class map are salient", ge=1)
    threshold: float = setting(
        0.6, "chance from which a label or its absence is sure", gt=0.5, lt=1, search=uniform(0.55, 0.95)
    )
    consistency: float = setting(
        1.0, "weight of the pseudo-labels' loss; 0: without CR", ge=0, search=log_float(0.1, 3)
    )
    both_views: bool = setting(True, "known labels teach on both views")
    drop_tokens: float = setting(
        0.3,
        "where the run makes no strong view: the share of positions left out of the features, at random",
        ge=0,
        lt=1,
    )


def salient_logits(maps: Tensor, saliency: float, top: int) -> Tensor:
    """Logits (B, C) of class maps (B, T, C): their mean over T + saliency * the mean of their `top` largest values."""
    maps = maps.float()
    return maps.mean(dim=1) + saliency * maps.topk(min(top, maps.shape[1]), dim=1).values.mean(dim=1)


@torch.no_grad()
def sure_labels(logits: Tensor, labels: Tensor, threshold: float) -> Tensor:
    """Pseudo-labels (B, C) for the unknown of labels (B, C): +1 where p >= threshold, -1 where 1 - p >= it, else 0."""
    logits = logits.detach()
    decided = (torch.sigmoid(logits) >= threshold).to(labels) - (torch.sigmoid(-logits) >= threshold).to(labels)
    return torch.where(labels == 0, decided, 0)


@METHODS.register("sr_cr")
class SRCR(LogitMethod):
    """Saliency regularisation and consistency regularisation (Wang et al., ICCV 2023), on class maps of frozen tokens.

    A[t, c] = w_c . x_t + b_c;  z_c = mean_t A + 0.5 mean of the five largest A
    supervised: BCE over the known labels of the batch's two views, divided by their number
    consistency: BCE on the strong view of the unknown labels that the weak view is sure of (p or 1 - p >= 0.6),
    divided by their number
    Dividing by the number of known labels is a part of the method: at 10 % the paper owes nine points of mAP to it.

    A strong view is a strongly augmented image where the run makes one. On cached features random positions are left
    out instead (`drop_tokens`), which is ours.
    """

    Config = SRCRConfig
    family = "corrections"
    reference = "Wang et al., Saliency Regularization for Self-Training with Partial Annotations, ICCV 2023"
    equation = "z = mean A + 0.5 top5-mean A; BCE / #known + BCE(strong, sure labels of weak) / #sure"
    defaults_from = "paper (no public code); optimiser ours"
    note = (
        "class maps of frozen tokens instead of a trained ResNet-101's; without augmented views, the strong view is "
        "random positions left out"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "sr": {"consistency": 0.0, "both_views": False},
        "bce-known": {"saliency": 0.0, "consistency": 0.0, "both_views": False},
    }
    switches: ClassVar[dict[str, Part]] = {
        "saliency": Part({"saliency": 0.0}, what="salient positions count on top of the mean"),
        "both views": Part({"both_views": False}, what="known labels teach on both views"),
        "consistency": Part({"consistency": 0.0}, what="the weak view's sure labels teach the strong view"),
    }
    ladder: ClassVar[dict[str, dict[str, Any]]] = {
        "BCE on known labels": recipes["bce-known"],
        "+ saliency (SR)": recipes["sr"],
        "+ consistency (CR)": {},
    }

    config: SRCRConfig

    def __init__(self, config: SRCRConfig, task: Task):
        super().__init__(config, task)
        self.head = ClassMapHead(task.dim, task.num_classes)
        start_bias(self.head.bias, config, task.observed, lambda logits: logits / (1 + config.saliency))
        self.drop = TokenDropout(config.drop_tokens)

    @classmethod
    def needs_negatives(cls, config: SRCRConfig) -> bool:
        return True

    def logits(self, features: Features) -> Tensor:
        """Logits (B, C)."""
        return salient_logits(self.head(features.dense), self.config.saliency, self.config.top)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, batch.labels
        weak = self.logits(batch.features)
        if not (config.consistency or config.both_views):
            return {"loss_known": binary_cross_entropy(weak, labels, reduction="mean/known")}
        strong = self.logits(batch.strong or batch.features._replace(dense=self.drop(batch.features.dense)))
        known = (weak, strong) if config.both_views else (weak,)
        views = torch.cat(known), labels.repeat(len(known), 1)
        terms = {"loss_known": binary_cross_entropy(*views, reduction="mean/known")}
        if config.consistency:
            sure = sure_labels(weak, labels, config.threshold)
            self.record(batch, positive=sure > 0, negative=sure < 0)
            terms["loss_consistency"] = config.consistency * binary_cross_entropy(strong, sure, reduction="mean/known")
            terms["sure_share"] = (sure != 0).sum() / (labels == 0).sum().clamp(min=1)
        return terms
