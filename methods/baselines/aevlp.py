"""AEVLP: the GPR loss, with pseudo-labels from CLIP's view of an image and of its tiles."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.settings.config import integer, log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.baselines.gr import GR, GRConfig
from methods.baselines.single_positive import EXPECTED_POSITIVES, ExpectedPositivesConfig
from methods.head_method import HeadConfig
from methods.known_negatives import POSITIVES_ONLY, KnownNegativesConfig
from methods.layers.aggregation import cosine_map
from methods.layers.prompts import PROMPT_TEMPLATES, template_features
from methods.layers.scales import Scale, require_positive, tied
from methods.losses.expected_positives import expected_positives_penalty, positives_per_image
from methods.losses.generalized_robust import pseudo_robust_loss
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class AEVLPConfig(GRConfig, ExpectedPositivesConfig, KnownNegativesConfig):
    """Defaults: the released code's for COCO."""

    slope_end: float = setting(10.0, "its value one epoch after the last", search=uniform(0, 10))
    offset_end: float = setting(-8.0, "its value one epoch after the last")
    least: float = setting(0.5, "lambda2: smallest weight of a pseudo-positive", ge=0, le=1)
    most: float = setting(0.7, "lambda1: its largest weight", ge=0, le=1)
    target: float = setting(0.9, "rho: its soft label", ge=0, le=1, search=uniform(0.6, 1))
    penalty: float = setting(
        0.001, "weight of ((positives of an average image - k) / C)^2", ge=0, search=log_float(1e-3, 1)
    )
    tiles: int = setting(4, "tiles of an image, along each side", ge=1)
    scale: Scale = setting("checkpoint", "sharpness of the softmax over classes; 'checkpoint': CLIP's own (tau = 0.01)")
    cap: float = setting(0.3, "upper limit of eta, the chance above which a tile counts for a class", ge=0, le=1)
    threshold: float = setting(
        0.5, "score from which a class is a pseudo-positive", ge=0, le=1, search=uniform(0.1, 0.8)
    )
    top: int = setting(3, "pseudo-positives of an image at most", ge=0, search=integer(1, 5))
    lowest: float = setting(0.3, "share of the classes, those of the lowest scores, that cannot be one", ge=0, le=1)
    pseudo_negatives: bool = setting(
        False, "these are pseudo-negatives, as the loss allows; in the released code they are unknown"
    )

    def __post_init__(self) -> None:
        require_positive(self, "scale")
        if self.least > self.most:
            raise ValueError(f"least = {self.least} is above most = {self.most}; give two bounds of a weight in order")


def tile_tokens(dense: Tensor, grid: tuple[int, int], tiles: int) -> Tensor:
    """Tokens (B, tiles^2, D) that are means over equal tiles of dense tokens (B, HW, D)."""
    height, width = (min(tiles, side) for side in grid)
    return F.adaptive_avg_pool2d(dense.mT.unflatten(2, grid), (height, width)).flatten(2).mT


def tile_labels(
    whole: Tensor, tiles: Tensor, labels: Tensor, *, cap: float, threshold: float, top: int, lowest: float
) -> tuple[Tensor, Tensor]:
    """Pseudo-positives and lowest classes, bool (B, C), of chances whole (B, C), tiles (B, T, C) and labels (B, C).

    eta: the smallest chance of an image's known positives, at most `cap`; 0 without any
    a = max over tiles where that is above eta, else min over tiles;  score = (whole + a) / 2
    lowest: the share of classes with the smallest (whole + mean over tiles) / 2
    positive: the `top` classes with the largest score, where it is at least `threshold`, unless lowest
    """
    known = labels > 0
    eta = torch.where(known, whole, torch.inf).amin(dim=1, keepdim=True).clamp(max=cap) * known.any(dim=1, keepdim=True)
    high, low = tiles.amax(dim=1), tiles.amin(dim=1)
    score = (whole + torch.where(high > eta, high, low)) / 2
    none = torch.zeros_like(known)
    least = none.scatter(1, _indices(-(whole + tiles.mean(dim=1)), int(lowest * whole.shape[1])), True)
    return none.scatter(1, _indices(score, top), True) & (score >= threshold) & ~least, least


def _indices(scores: Tensor, count: int) -> Tensor:
    return scores.topk(min(count, scores.shape[1]), dim=1).indices


@METHODS.register("aevlp")
class AEVLP(GR):
    """AEVLP (Tran et al., ICCV 2025): GR's loss with pseudo-labels from CLIP's tiles, on a head over frozen features.

    s = softmax_c(cos(x, t_c) / tau) of the whole image and of 4 x 4 tiles; score = (s_whole + a) / 2, with a the
    largest of the tiles' where that is above eta, else the smallest; the three largest scores above 1/2 are
    pseudo-positives.
    unknown: GR's V [K ..] with other schedules;  pseudo-positive: clip(1 - V) [-0.9 log p - 0.1 log(1 - p)]
    loss = mean over B C + 0.001 ((mean_b sum_c p - k) / C)^2

    A tile is the mean of the dense tokens in it, where the paper encodes crops. The released code adds a random graph
    network, never trained and never seeded, to its text features: left out. Its pseudo-negatives are written as
    unknown, so that their branch of the loss never runs (`pseudo_negatives` runs it). It picks its epoch by clean
    labels of a fifth of the training images; here the last epoch counts.
    """

    Config = AEVLPConfig
    text = True
    reference = (
        "Tran et al., More Reliable Pseudo-labels, Better Performance: A Generalized Approach to Single Positive "
        "Multi-label Learning, ICCV 2025"
    )
    source, licence = "Fsoft-AIC/AEVLP at 0bad82a1", "CC BY-NC-SA 4.0, not for commercial use"
    equation = "GR, and clip(1 - V) CE(0.9, p) where (s_whole + a_tiles) / 2 >= 0.5; mean over B C; + 0.001 EPR"
    defaults_from = "released code's loss and pseudo-labels for COCO; optimiser ours"
    note = (
        "tiles are means of dense tokens, not encoded crops; without the released code's random graph network; k is "
        "estimated from observed labels unless given; known negatives, which the paper does not have, are used"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "head": "linear",
            "optimizer": "adam",
            "lr": 1e-4,  # 1e-5 for the backbone, ten times that for the head
            "weight_decay": 0.0,
            "schedule": "constant",
            "batch_size": 16,
            "epochs": 8,
        },
        "positives-only": POSITIVES_ONLY,
        "coco": EXPECTED_POSITIVES["coco"],
        "voc2012": {
            "slope_end": 2.0, "offset_end": -2.0, "least": 0.4, "penalty": 0.05, "cap": 0.0, "lowest": 0.2,
            **EXPECTED_POSITIVES["voc2012"],
        },
        "nus": {"threshold": 0.6, "lowest": 0.2, **EXPECTED_POSITIVES["nus"]},
        "cub": {
            "q_negative": 1.5, "least": 0.2, "most": 0.8, "penalty": 0.01, "tiles": 5, "scale": 10.0, "cap": 0.005,
            "threshold": 0.005, "top": 32, "lowest": 0.2, **EXPECTED_POSITIVES["cub"],
        },
    }  # fmt: skip
    switches: ClassVar[dict[str, Part]] = {
        "pseudo-positives": Part({"top": 0}, what="classes that CLIP sees in the image and its tiles are positives"),
        "penalty": Part({"penalty": 0.0}, what="the expected number of positives is held"),
    }

    config: AEVLPConfig
    texts: Tensor

    def __init__(self, config: AEVLPConfig, task: Task):
        super().__init__(config, task)
        texts = template_features(task.text, task.class_names, PROMPT_TEMPLATES["photo"])
        self.register_buffer("texts", texts.float(), persistent=False)
        self.scale = tied(config.scale, 100.0, task.logit_scale)
        self.expected = config.expected_positives or positives_per_image(config.visible(task.observed))

    @classmethod
    def needs_dense(cls, config: HeadConfig) -> bool:
        return True

    @torch.no_grad()
    def pseudo_labels(self, features: Features, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Pseudo-positives and lowest classes, bool (B, C)."""
        config = self.config
        parts = tile_tokens(features.dense, self.task.grid, config.tiles)
        whole, tiles = (
            (self.scale * cosine_map(vectors, self.texts)).softmax(dim=-1) for vectors in (features.pooled, parts)
        )
        return tile_labels(
            whole, tiles, labels, cap=config.cap, threshold=config.threshold, top=config.top, lowest=config.lowest
        )

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        config, labels = self.config, self.config.visible(batch.labels)
        positive, lowest = self.pseudo_labels(batch.features, labels)
        pseudo = positive.to(labels)
        if config.pseudo_negatives:
            pseudo = pseudo - lowest.to(labels)
        self.record(batch, positive=positive, negative=lowest if config.pseudo_negatives else None)
        loss = pseudo_robust_loss(
            logits,
            labels,
            pseudo,
            **self.schedule(),
            q_positive=config.q_positive,
            q_negative=config.q_negative,
            least=config.least,
            most=config.most,
            target=config.target,
            reduction=config.reduction,
        )
        with torch.autocast(logits.device.type, enabled=False):
            penalty = expected_positives_penalty(torch.sigmoid(logits.float()), self.expected)
        return loss + config.penalty * penalty
