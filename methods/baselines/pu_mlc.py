"""PU-MLC: positive-unlabelled learning, which throws negative labels away."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributions import Beta
from torch.nn import functional as F

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features
from methods.head_method import HeadConfig, HeadMethod
from methods.known_negatives import KnownNegativesConfig
from methods.layers.mixing import mix_features
from methods.losses.positive_unlabelled import TINY, mixed_agreement_loss, variational_pu_loss
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class PUMLCConfig(HeadConfig, KnownNegativesConfig):
    """Defaults: the released code's for COCO."""

    alpha: float = setting(
        1.0, "temperature of a class, in standard deviations of its logits", gt=0, search=uniform(0.5, 3)
    )
    gamma: float = setting(0.55, "exponent of the weight of a class's mean chance", ge=0, search=uniform(0, 1))
    coolest: float = setting(
        0.5,
        "smallest temperature; the released code has none, and divides by 0 where all images have one score, as heads "
        "that start at zero do",
        gt=0,
        le=1,
    )
    mix_weight: float = setting(1.0, "weight of the loss on mixed images", ge=0, search=log_float(0.1, 10))
    beta: float = setting(0.3, "both parameters of the mixing share's Beta distribution", gt=0)
    known_negatives: bool = setting(
        False, "a known negative adds -log(1 - p), each class's mean; off: it is unlabelled, as in the paper"
    )


@METHODS.register("pu_mlc")
class PUMLC(HeadMethod):
    """PU-MLC (Yuan et al., ICME 2024): every label that is no known positive is unlabelled; on frozen features.

    per class: p = sigmoid(z / T), T = min(alpha std_b(z), 1);  m = mean_b p
    loss = sum_c [sg(m_c)^gamma log m_c - mean over known positives of log p_c]
        + sum_c mean_b [log(l t + (1 - l) t') - log p(l x + (1 - l) x')]^2
    of pairs (x, x') of the batch's halves, one l ~ Beta(0.3, 0.3) a step, t = 1 for known positives, else p (with its
    gradient, as released).

    The paper adds a global branch to every convolution of its backbone, which frozen features cannot have, and scores
    with SSGRL's graph; here it is the head that all losses have. Its statistics are a batch's: take large ones. It
    picks its epoch, and the better of two models, on the test images.
    """

    Config = PUMLCConfig
    family = "corrections"
    reference = "Yuan et al., Positive Label Is All You Need for Multi-Label Classification, ICME 2024"
    source, licence = "TAKELAMAG/PU-MLC at 5c54d372", "none stated"
    equation = "sum_c [m^g log m - mean_{known positives} log p], m = mean_b p; + agreement of mixed images"
    defaults_from = "released code's loss for COCO; optimiser ours"
    note = (
        "uses no known negative unless known_negatives is on (recipe known-negatives); mixes features, not images; "
        "without the paper's global branch in the backbone and SSGRL's graph; T is at least 1/2"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "optimizer": "adam",
            "lr": 1e-4,
            "weight_decay": 1e-4,
            "schedule": "onecycle",
            "batch_size": 70,
            "epochs": 80,
            "ema": 0.9997,
        },
        "voc2007": {"alpha": 2.0, "gamma": 0.85, "lr": 4e-5, "batch_size": 90, "ema": 0.991},
        "known-negatives": {"known_negatives": True},
    }
    switches: ClassVar[dict[str, Part]] = {
        "mixing": Part({"mix_weight": 0.0}, what="mixed images' chances are mixed chances"),
        "weight": Part({"gamma": 0.0}, what="rare classes' mean chances count less"),
    }

    config: PUMLCConfig

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, batch.labels
        logits = self.logits(batch.features)
        terms = {"loss_pu": self.objective(logits, batch)}
        if config.mix_weight:
            mixed, targets = self.mixed(batch.features, labels, logits)
            terms["loss_mix"] = config.mix_weight * mixed_agreement_loss(self.logits(mixed), targets)
        return terms

    def mixed(self, features: Features, labels: Tensor, logits: Tensor) -> tuple[Features, Tensor]:
        """Mixed features and their targets (B // 2, C): a permuted half with the other; an odd image is left out."""
        half = len(labels) // 2
        share = float(Beta(self.config.beta, self.config.beta).sample())
        first = torch.randperm(half).to(labels.device)
        partners = torch.stack([first, torch.arange(len(labels) - half, len(labels), device=labels.device)], dim=1)
        weights = torch.tensor([[share, 1 - share]], device=labels.device).expand(half, 2)
        target = torch.where(labels > 0, 1.0, torch.sigmoid(logits.float()) + TINY)
        targets = share * target[partners[:, 0]] + (1 - share) * target[partners[:, 1]]
        return mix_features(features, partners, weights), targets

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        config, labels = self.config, batch.labels
        loss = variational_pu_loss(logits, labels, alpha=config.alpha, gamma=config.gamma, coolest=config.coolest)
        if config.known_negatives:
            absent = labels < 0
            loss = loss + (F.softplus(logits.float()) * absent).sum(dim=0).div(absent.sum(dim=0).clamp(min=1)).sum()
        return loss
