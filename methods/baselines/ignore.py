"""IGNORE: assumed negatives that an image loses, when all but its known object is masked, are not believed."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.head_method import LogitMethod
from methods.known_negatives import POSITIVES_ONLY, KnownNegativesConfig
from methods.layers.aggregation import spatial_softmax
from methods.layers.heads import ClassAttentionHead, unit
from methods.layers.strong_view import StrongView
from methods.losses.cross_entropy import ROLE_GUARD, neg_log
from methods.parts import NEVER, Part


@dataclass(frozen=True, kw_only=True)
class IgnoreConfig(KnownNegativesConfig):
    """Defaults: the released code's for VOC and ResNet-50."""

    keep: float = setting(
        0.8, "share of its largest activation that a position needs to stay", ge=0, lt=1, search=uniform(0.3, 0.95)
    )
    normalise: Literal["image", "batch"] = setting(
        "image",
        "a class map's range 0..1: that of its image's positions, or (as released) at each position that of the batch",
    )
    decay: float = setting(
        0.999, "decay of the running means, which start at 0 uncorrected", ge=0, lt=1, search=uniform(0.9, 0.999)
    )
    warmup: int = setting(3, "epochs before anything is rejected", ge=0)
    positive_weight: float = setting(
        0.1, "weight of the mean over known positives (0.5 with Query2Label)", ge=0, search=log_float(0.01, 1)
    )
    agreement: float = setting(
        0.5, "weight of the squared distance of both views' logits", ge=0, search=log_float(0.05, 5)
    )
    likely: bool = setting(True, "an entry is rejected only if its logit is above its class's running mean")
    strong: bool = setting(True, "negatives are learned from the strong view")
    drop: float = setting(
        0.3, "share of the features left out for the strong view, where the run makes none", ge=0, lt=1
    )


def scaled_maps(maps: Tensor, normalise: Literal["image", "batch"]) -> Tensor:
    """Class maps (B, T) in 0..1: (v - smallest) / largest of what is left, over T or over the batch; 0 where flat."""
    over = 1 if normalise == "image" else 0
    above = maps - maps.amin(dim=over, keepdim=True)
    return above / above.amax(dim=over, keepdim=True).clamp(min=torch.finfo(above.dtype).tiny)


class InformationGap(nn.Module):
    """Running means: the gap |z - z_masked| of known positives, and each class's logit (C,); both start at 0."""

    gap: Tensor
    level: Tensor

    def __init__(self, num_classes: int, decay: float):
        super().__init__()
        self.decay = decay
        self.register_buffer("gap", torch.zeros(()))
        self.register_buffer("level", torch.zeros(num_classes))

    @torch.no_grad()
    def update(self, gaps: Tensor, logits: Tensor, positive: Tensor) -> None:
        """Gaps, logits, positive (bool) of a batch, (B, C) each; without a positive the gap stays."""
        if len(shown := gaps[positive]):
            self.gap.lerp_(shown.mean(), 1 - self.decay)
        self.level.lerp_(logits.mean(dim=0), 1 - self.decay)


@METHODS.register("ignore")
class Ignore(LogitMethod):
    """IGNORE (Song et al., ECCV 2024): rejection by an information gap, with an attention head on frozen tokens.

    z_c = b_c + sum_t softmax_t(q_c . x_t) w_c . x_t;  masked: the sum and its softmax over those t alone at which the
    map w_p . x_t of the image's known positive p is above 0.8 of its range
    g = |z - z_masked|;  G, A_c: running means of g at known positives and of z_c
    loss = 0.1 mean over known positives of -log p + mean over entries that are not rejected of AN(p_strong)
        + 0.5 mean (z_strong - z)^2;  rejected, from the fourth epoch on: unknown, g > G and z > A_c

    The paper masks the image and encodes it again; here tokens stay out of the pooling, which frozen features allow
    without a second encoding. Of several known positives one is drawn; an image without any stays whole. Known
    negatives are never rejected. The released code scales maps over the batch (`normalise`), does not run as it is, and
    picks its epoch by clean labels.
    """

    Config = IgnoreConfig
    family = "corrections"
    reference = (
        "Song et al., Ignore: Information Gap-based False Negative Loss Rejection for Single Positive Multi-Label "
        "Learning, ECCV 2024"
    )
    source, licence = "gyeong-ryeol-song/SPML-IGNORE at 5bfa563b", "none stated, its part of Query2Label MIT"
    equation = "AN without unknown entries with |z - z_masked| > G and z > A_c; + 0.1 positives + 0.5 (z_s - z)^2"
    defaults_from = "released code's loss for VOC and ResNet-50; maps scaled over an image; optimiser ours"
    note = (
        "masks tokens of the pooling, not the image; known negatives, which the paper does not have, are used; without "
        "augmented views, the strong view is random positions left out"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "normalise": "batch",
            "optimizer": "adam",
            "lr": 1e-4,  # 1e-5 for the backbone, ten times that for the head
            "weight_decay": 0.0,
            "schedule": "constant",
            "batch_size": 16,
            "epochs": 25,
        },
        "positives-only": POSITIVES_ONLY,
        "query2label": {"positive_weight": 0.5},
    }
    switches: ClassVar[dict[str, Part]] = {
        "rejection": Part({"warmup": NEVER}, what="entries that the masked image loses are left out"),
        "likely": Part({"likely": False}, needs=("rejection",), what="only entries of high logits are rejected"),
        "strong view": Part({"strong": False}, what="negatives are learned from the strong view"),
        "agreement": Part({"agreement": 0.0}, what="both views have the same logits"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("running",)

    config: IgnoreConfig

    def __init__(self, config: IgnoreConfig, task: Task):
        super().__init__(config, task)
        self.head = ClassAttentionHead(task.dim, task.num_classes)
        self.running = InformationGap(task.num_classes, config.decay).to(task.observed.device)
        self.view = StrongView(config.drop)
        self.epoch = 0  # set by `start_epoch`, so it need not be in a checkpoint

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def logits(self, features: Features) -> Tensor:
        logits: Tensor = self.head(features.dense)
        return logits

    @torch.no_grad()
    def masked_logits(self, features: Features, labels: Tensor) -> Tensor:
        """Logits (B, C) of what is left of each image when all but one known positive's place is out of it."""
        tokens, positive = unit(features.dense), labels > 0
        drawn = (torch.rand(positive.shape).to(tokens.device) * positive).argmax(dim=1)
        maps = F.linear(tokens, self.head.weight)
        own = maps.gather(2, drawn[:, None, None].expand(-1, maps.shape[1], 1))[..., 0]
        kept = (scaled_maps(own, self.config.normalise) > self.config.keep) | ~positive.any(dim=1, keepdim=True)
        guide = F.linear(tokens, self.head.query).masked_fill(~kept[..., None], -torch.inf)
        (pooled,) = spatial_softmax(guide, maps)
        return pooled.nan_to_num() + self.head.bias  # of nothing at all only the bias is left

    def rejected(self, features: Features, logits: Tensor, labels: Tensor) -> Tensor:
        """Entries (B, C) that are not believed to be negatives; the running means take the batch in first."""
        logits = logits.detach().float()
        gaps = (logits - self.masked_logits(features, labels)).abs()
        self.running.update(gaps, logits, labels > 0)
        doubtful = (labels == 0) & (gaps > self.running.gap)
        if self.config.likely:
            doubtful &= logits > self.running.level
        return doubtful & (self.epoch >= self.config.warmup)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        config, labels = self.config, self.config.visible(batch.labels)
        plain, strong = self.logits(batch.features), self.logits(self.view(batch))
        rejected = self.rejected(batch.features, plain, labels)
        with torch.autocast(plain.device.type, enabled=False):
            plain, strong = plain.float(), strong.float()
            positive = labels > 0
            present = neg_log(plain, ROLE_GUARD) * positive
            taught = strong if config.strong else plain
            entries = neg_log(torch.where(positive, taught, -taught), ROLE_GUARD)
            return {
                "loss_positive": config.positive_weight * present.sum() / positive.sum().clamp(min=1),
                "loss_an": entries.masked_fill(rejected, 0.0).sum() / (~rejected).sum().clamp(min=1),
                "loss_agreement": config.agreement * (strong - plain).square().mean(),
                "rejected_share": rejected.float().mean(),
            }

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t(q_c . x_t): (B, C, HW)."""
        return self.head.attention(features.dense)
