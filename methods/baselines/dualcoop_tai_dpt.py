"""The ensemble of TaI-DPT's paper: DualCoOp, taught by image labels, and TaI-DPT, taught by sentences."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.baselines.dualcoop_tai import DualCoOpTaI, DualCoOpTaIConfig
from methods.baselines.tai_dpt import TaIConfig, TaIDPT
from methods.layers.prompts import Templates, encode_together
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class EnsembleConfig(DualCoOpTaIConfig):
    """DualCoOp's settings, and those of TaI-DPT that go by its own names."""

    dualcoop_share: float = setting(
        0.9, "weight of DualCoOp's normalised score; TaI-DPT has the rest", ge=0, le=1, search=uniform(0.5, 1)
    )
    captions: Path | None = setting(None, "a text file of captions, one a line, for TaI-DPT; see `tai_dpt`")
    templates: Templates = setting("ensemble", "TaI-DPT's sentences that take a class name")
    pairs: bool = setting(True, "TaI-DPT also has a sentence for any two classes")
    tai_lr: float = setting(
        0.05, "factor on lr for TaI-DPT's contexts: 1e-4 beside 2e-3", gt=0, search=log_float(0.01, 1)
    )


class ScoreRange(nn.Module):
    """Smallest and largest score of each of M models in the current epoch: buffers (M,), which a checkpoint has too."""

    low: Tensor
    high: Tensor

    def __init__(self, models: int):
        super().__init__()
        self.register_buffer("low", torch.full((models,), torch.inf))
        self.register_buffer("high", torch.full((models,), -torch.inf))

    def forget(self) -> None:
        self.low.fill_(torch.inf)
        self.high.fill_(-torch.inf)

    @torch.no_grad()
    def widen(self, scores: Tensor) -> None:
        """Take in scores (M, B, C)."""
        flat = scores.detach().float().flatten(1)
        self.low.copy_(torch.minimum(self.low, flat.amin(dim=1)))
        self.high.copy_(torch.maximum(self.high, flat.amax(dim=1)))

    def forward(self, scores: Tensor) -> Tensor:
        """Scores (M, B, C) with each model's range moved to 0..1; as they are before any were seen."""
        has_range = self.high > self.low
        low, span = torch.where(has_range, self.low, 0.0), torch.where(has_range, self.high - self.low, 1.0)
        return (scores - low[:, None, None]) / span[:, None, None]


@METHODS.register("dualcoop_tai_dpt")
class DualCoOpTaIDPT(DualCoOpTaI):
    """DualCoOp + TaI-DPT (Guo et al., CVPR 2023): both trained side by side, their normalised scores mixed 0.9 : 0.1.

    score = 0.9 n(DualCoOp) + 0.1 n(TaI-DPT), n(s) = (s - min) / (max - min) over training images and all classes
    The two share no parameter, and each is trained by its own loss, as `dualcoop_tai` and `tai_dpt` are.
    """

    Config = EnsembleConfig
    token_texts = True
    equation = "0.9 n(s_DualCoOp) + 0.1 n(s_TaI-DPT), n the min-max normalisation over training images"
    defaults_from = "official code (Caption_dual and ensemble_score.py), its TaI-DPT in DualCoOp's batches and epochs"
    note = (
        "the paper normalises by the test images' scores, here by the last epoch's training images, so that no score "
        "depends on other test images; TaI-DPT trains on class names in templates unless captions are given"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"templates": "imagenet"},
        "even": {"dualcoop_share": 0.5},
    }
    switches: ClassVar[dict[str, Part]] = {
        **DualCoOpTaI.switches,
        "tai-dpt": Part({"dualcoop_share": 1.0}, what="TaI-DPT's share of the score"),
        "pairs": Part({"pairs": False}, needs=("tai-dpt",), what="TaI-DPT's sentences about any two classes"),
    }

    config: EnsembleConfig

    def __init__(self, config: EnsembleConfig, task: Task):
        super().__init__(config, task)
        sentences = TaIConfig(
            captions=config.captions,
            templates=config.templates,
            pairs=config.pairs,
            n_ctx=config.n_ctx,
            ctx_init=config.ctx_init,
        )
        self.tai = TaIDPT(sentences, task)
        self.range = ScoreRange(2)

    @classmethod
    def lr_multipliers(cls, config: EnsembleConfig) -> dict[str, float]:
        return {"tai.": config.tai_lr}

    def start_epoch(self, epoch: int) -> None:
        self.range.forget()

    def texts(self) -> tuple[Tensor, ...]:
        """DualCoOp's negative and positive text features and TaI-DPT's global and local ones, (C, D) each."""
        prompts = [self.negative, self.positive, self.tai.global_prompts, self.tai.local_prompts]
        return tuple(encode_together(self.task.text, prompts))

    def both(self, features: Features, *texts: Tensor) -> Tensor:
        """Scores of DualCoOp and of TaI-DPT, (2, B, C)."""
        return torch.stack([super().match(features, *texts[:2]), self.tai.match(features, *texts[2:])])

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        dualcoop, tai = self.range(self.both(features, *texts))
        return torch.lerp(tai, dualcoop, self.config.dualcoop_share)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        texts = self.texts()
        scores = self.both(batch.features, *texts)
        self.range.widen(scores)
        sentences = self.tai.sentence_losses(len(batch.rows), *texts[2:])
        return {"loss_asl": self.objective(scores[0], batch.labels), **sentences}
