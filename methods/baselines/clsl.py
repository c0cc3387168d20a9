"""CLSL: semantic-aware features and label recovery that teach each other."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import log_float, setting, uniform
from methods.asymmetric_config import FocusConfig
from methods.base import METHODS, Batch, Features, Task
from methods.head_method import LogitMethod
from methods.layers.heads import unit
from methods.layers.prompts import PROMPT_TEMPLATES, template_features
from methods.losses import Reduction
from methods.losses.recovered import recovered_asymmetric_loss
from methods.parts import FOCUSING, Part
from methods.structure.semantic_tokens import SemanticTokens


@dataclass(frozen=True, kw_only=True)
class CLSLConfig(FocusConfig):
    """Defaults: the released code's loss with both terms averaged; sizes and optimiser for frozen features on a CPU."""

    hidden: int = setting(128, "width F of tokens and class features", ge=4)
    heads: int = setting(4, "attention heads", ge=1)
    attention: int = setting(128, "units of the attention between tokens and classes", ge=1)
    dropout: float = setting(0.5, "dropout of the fused features, five times that of the encoder", ge=0, lt=1)
    gamma_pos: float = setting(0.0, "focusing exponent of positives", ge=0)
    gamma_neg: float = setting(2.0, "focusing exponent of negatives", ge=0, search=uniform(0, 4))
    clip: float = setting(0.0, "probability shift of negatives", ge=0, lt=1)
    reduction: Reduction = setting(
        "mean/known", "what the known labels' summed loss is divided by; in the released code nothing (sum)"
    )
    recovery: float = setting(0.8, "weight of the mean loss of the recovered labels", ge=0, search=log_float(0.05, 2))
    loss_weight: float = setting(1.0, "factor on both; officially 1000, which only clipping and AMP would see", gt=0)
    lr: float = setting(3e-4, "base learning rate", gt=0, search=log_float(1e-4, 1e-2))

    def __post_init__(self) -> None:
        if self.hidden % self.heads or self.hidden % 4:
            raise ValueError(
                f"hidden = {self.hidden} must be a multiple of heads = {self.heads} and of 4 (for positions)"
            )


@METHODS.register("clsl")
class CLSL(LogitMethod):
    """CLSL (arXiv 2510.10055, 2025; later CSL): class words among tokens, and recovered labels; on frozen tokens.

    fused, salient: the two logits of `SemanticTokens`; fused ones are the scores
    loss = mean over known labels of ASL(fused, y) + 0.8 mean over B C of ASL(salient, t),
        t = y where known, else sigmoid(z_c max_c z_c) of the fused z, without gradient

    Soft targets enter the focusing: w = (1 - t p - (1 - t)(1 - p))^(2 (1 - t)). The released code adds the first term
    up and averages the second, so that one known label weighs B C recovered ones and recovery does next to nothing
    (recipe released); averaged both, they are as the paper writes them. Where an image's largest logit is below 0, the
    recovered targets rank the wrong way round. It picks its epoch on the test images.
    """

    Config = CLSLConfig
    text = True
    family = "graphs"
    reference = (
        "He et al., Collaborative Learning of Semantic-Aware Feature Learning and Label Recovery for Multi-Label "
        "Image Recognition with Incomplete Labels, arXiv 2510.10055, 2025"
    )
    source, licence = "Qingdandian/CLSL at 2f9e916a", "none stated"
    equation = "ASL(fused z, known y) + 0.8 ASL(salient z, t), t = sigmoid(z_c max z) of fused z where y is unknown"
    defaults_from = "released code's loss, both terms as means; sizes, epochs and rate ours, for frozen features"
    note = (
        "text features of templates in the place of BERT's words; tokens of a frozen backbone; both terms are means, "
        "where the released code adds the first one up (recipe released)"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "released": {"reduction": "sum", "loss_weight": 1000.0},
        "paper": {
            "hidden": 2048,
            "heads": 8,
            "attention": 1024,
            "reduction": "sum",
            "loss_weight": 1000.0,
            "optimizer": "adamw",
            "lr": 5e-5,
            "weight_decay": 1e-4,
            "schedule": "onecycle",
            "batch_size": 52,
            "epochs": 60,
            "ema": 0.9997,
        },
    }
    switches: ClassVar[dict[str, Part]] = {
        "focusing": FOCUSING,
        "recovery": Part({"recovery": 0.0}, what="unknown labels are recovered for the salient head"),
    }

    config: CLSLConfig

    def __init__(self, config: CLSLConfig, task: Task):
        super().__init__(config, task)
        texts = template_features(task.text, task.class_names, PROMPT_TEMPLATES["photo"]).float()
        words = unit(texts - texts.mean(dim=0)) if len(texts) > 1 else unit(texts)
        self.head = SemanticTokens(
            task.dim,
            words,
            task.grid,
            hidden=config.hidden,
            heads=config.heads,
            attention=config.attention,
            dropout=config.dropout,
        )
        if not config.recovery:
            self.head.salient.requires_grad_(False)

    @classmethod
    def needs_negatives(cls, config: CLSLConfig) -> bool:
        return True

    def logits(self, features: Features) -> Tensor:
        fused: Tensor = self.head(features.dense)[0]
        return fused

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, batch.labels
        fused, salient = self.head(batch.features.dense)
        terms = {"loss_known": config.loss_weight * config.asymmetric_loss(fused, labels, eps=1e-5)}
        if config.recovery:
            recovered = recovered_asymmetric_loss(
                salient, fused, labels, gamma_pos=config.gamma_pos, gamma_neg=config.gamma_neg
            )
            terms["loss_recovery"] = config.loss_weight * config.recovery * recovered
        return terms

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t(s_tc), with which the fused maps are averaged: (B, C, HW)."""
        return self.head.attention(features.dense)
