"""CDUL: a student of CLIP's view of whole images and of their tiles, whose targets move with it; without any label."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.baselines.aevlp import tile_tokens
from methods.head_method import HeadConfig, HeadMethod
from methods.layers.aggregation import cosine_map
from methods.layers.prompts import template_features
from methods.layers.scales import Scale, require_positive, tied
from methods.parts import Part

INSIDE = 1e-6
"""How far targets stay from 0 and 1, where the released code's logit of them is infinite."""


@dataclass(frozen=True, kw_only=True)
class CDULConfig(HeadConfig):
    """Defaults: the reproduction's code, but for the temperature."""

    head: Literal["attention", "linear", "mlp"] = setting(
        "linear", "the student: linear and mlp read one vector, attention all tokens"
    )
    pool: Literal["mean", "clip"] = setting("clip", "that vector: the mean of the tokens, or CLIP's pooled vector")
    scale: Scale = setting(
        "checkpoint",
        "sharpness of the softmax over classes; 'checkpoint': CLIP's own; the reproduction divides by log 100 (0.217)",
    )
    tiles: int = setting(3, "tiles of an image, along each side", ge=1)
    threshold: float = setting(
        0.0, "a class's largest chance over the tiles counts where it is at least this, else its smallest", ge=0, le=1
    )
    disagreement: float = setting(0.0, "lambda: weight of the distance of whole and tiles", ge=0, search=uniform(0, 1))
    every: int = setting(2, "targets move in every such epoch; 0: never", ge=0)
    step: float = setting(
        0.125,
        "length of a target's step; the reproduction's is one over its batch of 8",
        gt=0,
        search=log_float(0.01, 10),
    )

    def __post_init__(self) -> None:
        require_positive(self, "scale")


def first_targets(whole: Tensor, tiles: Tensor, threshold: float, disagreement: float) -> Tensor:
    """Targets u (B, C) of chances whole (B, C) and tiles (B, T, C): (g + a + lambda |g - a|) / 2.

    a: the largest over tiles where that is at least `threshold`, else the smallest.
    """
    high, low = tiles.amax(dim=1), tiles.amin(dim=1)
    local = torch.where(high >= threshold, high, low)
    return (whole + local + disagreement * (whole - local).abs()) / 2


def moved_targets(targets: Tensor, log_chance: Tensor, step: float) -> Tensor:
    """sigmoid(logit(u) - step psi(u) d/du KL(u / sum u || q)) of targets u and log q, (B, C) each.

    psi: the density of N(1/2, 1).  d/du_c = (log(v_c / q_c) - KL) / sum u, with v = u / sum u
    """
    targets = targets.clamp(INSIDE, 1 - INSIDE)
    total = targets.sum(dim=1, keepdim=True)
    share = targets / total
    gap = share.log() - log_chance
    slope = (gap - (share * gap).sum(dim=1, keepdim=True)) / total
    density = torch.exp(-(targets - 0.5).square() / 2) / (2 * torch.pi) ** 0.5
    return torch.sigmoid(torch.logit(targets) - step * density * slope)


def student_loss(logits: Tensor, soft: Tensor) -> Tensor:
    """mean_b KL(q || u / sum u), q = softmax over classes of logits (B, C), u = soft (B, C)."""
    with torch.autocast(logits.device.type, enabled=False):
        log_chance = logits.float().log_softmax(dim=1)
        share = soft.clamp(min=INSIDE)
        log_share = share.log() - share.sum(dim=1, keepdim=True).log()
        return (log_chance.exp() * (log_chance - log_share)).sum() / max(len(logits), 1)


class SoftTargets(nn.Module):
    """The targets u (N, C) of all training images; NaN for those that training has not shown."""

    value: Tensor

    def __init__(self, observed: Tensor):
        super().__init__()
        self.register_buffer("value", torch.full(observed.shape, float("nan"), device=observed.device))


@METHODS.register("cdul")
class CDUL(HeadMethod):
    """CDUL (Abdelfattah et al., ICCV 2023): CLIP-driven unsupervised learning, with a linear student; no label is used.

    g, l_i: softmax_c(cos(x, t_c) / tau) of the whole image and of 3 x 3 tiles;  u = (g + max_i l_i) / 2 at first
    loss = mean_b KL(q || u / sum u), q = softmax_c of the student;  in every second epoch, after each step,
    u <- sigmoid(logit(u) - psi(u) d/du KL(u / sum u || q) / 8), kept for each image
    score: the logit of q_c

    After the reproduction of MLRC 2024, as CDUL's authors have released nothing. It divides cosines by log 100 where
    CLIP multiplies them by 100, so that its targets are nearly uniform (recipe released), and stops by the labels of
    held-out images; here the last epoch counts. A tile is the mean of the dense tokens in it, where the paper encodes
    crops, and the student reads CLIP's vector, where it trains a ResNet-101.
    """

    Config = CDULConfig
    labels = "none"
    text = True
    family = "references"
    reference = (
        "Abdelfattah et al., CDUL: CLIP-Driven Unsupervised Learning for Multi-Label Image Classification, ICCV 2023"
    )
    source, licence = "cs-mshah/CDUL at cac809f8, a reproduction (the authors released nothing)", "Apache-2.0"
    equation = "KL(softmax z || u / sum u), u = (whole + max over tiles) / 2, moved towards softmax z every few epochs"
    defaults_from = "the reproduction's targets and steps with CLIP's temperature; optimiser ours"
    note = (
        "uses no label; tiles are means of dense tokens, not encoded crops; the student is a linear layer on CLIP's "
        "vector; the reproduction's temperature makes its targets nearly uniform (recipe released)"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "released": {"scale": 0.217},
        "paper": {
            "optimizer": "adam",
            "lr": 1e-4,  # 1e-5 trains a whole network
            "weight_decay": 0.0,
            "schedule": "constant",
            "batch_size": 8,
            "epochs": 100,
            "every": 10,
        },
    }
    switches: ClassVar[dict[str, Part]] = {
        "moving targets": Part({"every": 0}, what="targets move towards what the student says"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("targets",)

    config: CDULConfig
    texts: Tensor

    def __init__(self, config: CDULConfig, task: Task):
        super().__init__(config, task)
        texts = template_features(task.text, task.class_names, ("a photo of a {}",))
        self.register_buffer("texts", texts.float(), persistent=False)
        self.scale = tied(config.scale, 100.0, task.logit_scale)
        self.targets = SoftTargets(task.observed)
        self.moving = False

    @classmethod
    def needs_dense(cls, config: HeadConfig) -> bool:
        return True

    def start_epoch(self, epoch: int) -> None:
        self.moving = bool(self.config.every) and (epoch + 1) % self.config.every == 0

    @torch.no_grad()
    def soft(self, batch: Batch) -> Tensor:
        """The targets u (B, C) of a batch, made where an image is shown for the first time."""
        parts = (batch.features.pooled, tile_tokens(batch.features.dense, self.task.grid, self.config.tiles))
        whole, tiles = ((self.scale * cosine_map(vectors, self.texts)).softmax(dim=-1) for vectors in parts)
        made = first_targets(whole, tiles, self.config.threshold, self.config.disagreement)
        kept = self.targets.value[batch.rows]
        return torch.where(kept.isnan(), made, kept)

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        soft = self.soft(batch)
        loss = student_loss(logits, soft)
        with torch.no_grad():
            log_chance = logits.float().log_softmax(dim=1)
            self.targets.value[batch.rows] = moved_targets(soft, log_chance, self.config.step) if self.moving else soft
        return loss

    def scorer(self) -> Callable[[Features], Tensor]:
        logits = super().scorer()

        @torch.no_grad()
        def score(features: Features) -> Tensor:
            log_chance = logits(features).log_softmax(dim=1)
            return log_chance - (-torch.expm1(log_chance)).clamp(min=1e-12).log()

        return score
