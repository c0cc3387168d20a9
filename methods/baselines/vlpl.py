"""VLPL: soft pseudo-positives from zero-shot CLIP, and entropy maximisation of all other unknown labels."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.layers.aggregation import cosine_map, spatial_softmax
from methods.layers.prompts import PROMPT_TEMPLATES, template_features
from methods.losses import Reduction
from methods.losses.unknown import entropy_maximization_loss, focused_entropy_loss
from methods.parts import NEVER, Part

PROMPTS = {"name": ("{}",), **PROMPT_TEMPLATES}


@dataclass(frozen=True, kw_only=True)
class VLPLConfig(HeadConfig):
    """Defaults: the released code's for COCO."""

    alpha: float = setting(0.1, "weight of the entropy of unknown labels", ge=0, search=log_float(0.01, 0.5))
    threshold: float = setting(
        0.3, "share of the softmax over classes above which CLIP names a class", ge=0, le=1, search=uniform(0.1, 0.6)
    )
    pseudo_weight: float = setting(0.7, "weight of the pseudo-positives", ge=0, search=uniform(0.1, 1))
    pseudo_target: float = setting(0.9, "their soft label", ge=0, le=1, search=uniform(0.6, 1))
    warmup: int = setting(0, "epochs without pseudo-labels", ge=0)
    teacher: Literal["pooled", "dense"] = setting(
        "pooled", "what CLIP compares with the texts: its pooled vector, or all positions, softmax-pooled"
    )
    prompts: Literal["name", "photo", "ensemble"] = setting(
        "name", "the texts: bare class names, as released for VOC and COCO, 'a photo of a {}.', or several sentences"
    )
    reduction: Reduction = setting("mean", "what the summed loss is divided by")
    variant: Literal["em_pl", "em_pl_asl"] = setting(
        "em_pl", "the released code's loss, or its other one with focusing exponents", added_later=True
    )
    lowest: float = setting(
        0.0,
        "share of an image's classes, those that CLIP finds least, that are pseudo-negatives",
        ge=0,
        le=1,
        added_later=True,
    )
    negative_weight: float = setting(
        0.2, "weight of the pseudo-negatives (em_pl), which the released code has switched off", ge=0, added_later=True
    )
    gamma_pos: float = setting(2.0, "em_pl_asl: focusing exponent of positives", ge=0, added_later=True)
    gamma_neg: float = setting(4.0, "em_pl_asl: focusing exponent of negatives", ge=0, added_later=True)
    gamma_unknown: float = setting(
        4.0, "em_pl_asl: exponent of 1 - p on an unknown label's entropy", ge=0, added_later=True
    )


@METHODS.register("vlpl")
class VLPL(HeadMethod):
    """Vision-language pseudo-labels (Xing et al., CVPR workshops 2024), with a head on frozen features.

    pi = softmax over classes of s cos(x, t_c), s the checkpoint's logit scale; an unknown label with pi > 0.3 is a
    pseudo-positive. The released code's pseudo-negatives, the classes of the smallest pi (`lowest`), are switched off
    there, as is its other loss (`variant`).
    known: -log p, -log(1 - p);  pseudo-positive: 0.7 [-0.9 log p - 0.1 log(1 - p)];  unknown else: -alpha H(p)

    The paper's teacher is CLIP ViT-L/14 at 336 px beside a ResNet-50 student. Here the teacher is the CLIP whose
    features the head reads.
    """

    Config = VLPLConfig
    text = True
    family = "corrections"
    reference = "Xing et al., Vision-Language Pseudo-Labels for Single-Positive Multi-Label Learning, CVPRW 2024"
    equation = "EM, and 0.7 CE(0.9, p) where softmax_c(s cos(x, t_c)) > 0.3; mean over B C"
    defaults_from = "released code's loss for COCO; optimiser ours"
    note = (
        "the teacher is the CLIP in use instead of ViT-L/14 at 336 px, the student a head on its frozen features; "
        "known negatives, which the paper does not have, are used"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "voc2012": {"alpha": 0.2},
        "cub": {"alpha": 0.01},
        "pseudo-negatives": {"lowest": 0.1},
        "em-pl-asl": {"variant": "em_pl_asl"},
    }
    switches: ClassVar[dict[str, Part]] = {
        "entropy": Part({"alpha": 0.0}, what="the entropy of unknown labels is maximised"),
        "pseudo-positives": Part({"warmup": NEVER}, what="classes that zero-shot CLIP names become positives"),
    }

    config: VLPLConfig
    texts: Tensor

    def __init__(self, config: VLPLConfig, task: Task):
        super().__init__(config, task)
        texts = template_features(task.text, task.class_names, PROMPTS[config.prompts])
        self.register_buffer("texts", texts.float(), persistent=False)
        self.epoch = 0  # set by `start_epoch`, so it need not be in a checkpoint

    @classmethod
    def needs_dense(cls, config: HeadConfig) -> bool:
        assert isinstance(config, VLPLConfig)
        return super().needs_dense(config) or config.teacher == "dense"

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    @torch.no_grad()
    def teacher(self, features: Features) -> Tensor:
        """CLIP's softmax over classes, (B, C)."""
        if self.config.teacher == "pooled":
            similarity = self.task.logit_scale * cosine_map(features.pooled, self.texts)
        else:
            maps = self.task.logit_scale * cosine_map(features.dense, self.texts)
            (similarity,) = spatial_softmax(maps, maps)
        return similarity.softmax(dim=-1)

    def pseudo_labels(self, features: Features) -> Tensor:
        """Signs (B, C): +1 for what CLIP names, -1 for the classes that it finds least, 0 else."""
        share = self.teacher(features)
        signs = (share > self.config.threshold).to(torch.int8)
        count = int(self.config.lowest * share.shape[1])
        return signs.scatter(1, share.topk(count, dim=1, largest=False).indices, -1) if count else signs

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        config, labels = self.config, batch.labels
        if self.epoch < config.warmup:
            return entropy_maximization_loss(logits, labels, alpha=config.alpha, reduction=config.reduction)
        signs = self.pseudo_labels(batch.features)
        self.record(batch, positive=signs > 0, negative=signs < 0 if config.lowest else None)
        if config.variant == "em_pl_asl":
            exponents = {name: getattr(config, name) for name in ("gamma_pos", "gamma_neg", "gamma_unknown")}
            return focused_entropy_loss(logits, labels, signs, **exponents, reduction=config.reduction)
        target = torch.where(signs > 0, config.pseudo_target, 1 - config.pseudo_target)
        return entropy_maximization_loss(
            logits,
            labels,
            alpha=config.alpha,
            soft=torch.where(signs == 0, torch.nan, target),
            soft_weight=torch.where(signs > 0, config.pseudo_weight, config.negative_weight),
            reduction=config.reduction,
        )
