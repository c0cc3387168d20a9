"""DualCoOp as TaI-DPT's authors and the first author of TRM-ML rebuilt it: plain tokens, trained temperatures."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import setting
from methods.base import METHODS, Features, Task
from methods.layers.aggregation import cosine_map, spatial_softmax, spatial_weights
from methods.layers.prompts import PromptLearner, encode_together
from methods.layers.scales import LearnedScale, Scale, require_positive, tied
from methods.parts import CLASS_CONTEXTS, FOCUSING, SHIFT, Part
from methods.prompt_method import MatchMethod, PromptConfig

PUBLISHED_SPATIAL, PUBLISHED_OUTPUT = math.exp(3.0), math.exp(3.91)  # about 20 and 50


@dataclass(frozen=True, kw_only=True)
class DualCoOpTaIConfig(PromptConfig):
    """Defaults: TaI-DPT's configs/trainers/Caption_dual/rn101.yaml."""

    spatial_scale: Scale = setting(
        PUBLISHED_SPATIAL,
        "where the trained sharpness of the softmax over positions starts: a number, or 'checkpoint' (e^3 of 100)",
    )
    output_scale: Scale = setting(
        "checkpoint", "start of the trained factor on the pooled cosines; 'checkpoint': e^3.91 of CLIP's 100"
    )

    def __post_init__(self) -> None:
        require_positive(self, "spatial_scale", "output_scale")


@METHODS.register("dualcoop_tai")
class DualCoOpTaI(MatchMethod):
    """DualCoOp (NeurIPS 2022) as in TaI-DPT's code: no mean token, no positions, trained temperatures, sigmoid loss.

    w[c, t] = softmax_t(a cos(text+_c, x_t)) over the HW tokens x_t;  z+-_c = b sum_t w[c, t] cos(text+-_c, x_t)
    loss = ASL(z+ - z-) over known labels, summed, / B; a = e^3 and b = e^3.91 at the start, both trained as exponents.
    """

    Config = DualCoOpTaIConfig
    reference = "Guo et al., Texts as Images in Prompt Tuning (TaI-DPT), CVPR 2023, code: Caption_dual"
    equation = "z+-_c = b sum_t softmax_t(a cos(t+_c, x_t)) cos(t+-_c, x_t); ASL(z+ - z-), a and b trained"
    defaults_from = "TaI-DPT's code (Caption_dual, rn101)"
    note = (
        "on COCO this code's nine published values average 83.1, the original DualCoOp's 81.9; without its image "
        "augmentation where features are cached"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"lr": 2e-3},
        "nus-wide": {"batch_size": 192},
        "trm-author": {
            "optimizer": "adamw", "lr": 1e-3, "weight_decay": 5e-4, "schedule": "onecycle", "epochs": 80, "ema": 0.9998,
        },
        "trm-author-coco": {
            "optimizer": "adamw", "lr": 1e-3, "weight_decay": 5e-3, "schedule": "onecycle", "epochs": 80, "ema": 0.9998,
        },
    }  # fmt: skip
    switches: ClassVar[dict[str, Part]] = {"class contexts": CLASS_CONTEXTS, "focusing": FOCUSING, "shift": SHIFT}

    config: DualCoOpTaIConfig

    def __init__(self, config: DualCoOpTaIConfig, task: Task):
        super().__init__(config, task)
        self.negative, self.positive = (
            PromptLearner(task.text, task.class_names, config.n_ctx, config.class_specific, config.ctx_init)
            for _ in range(2)
        )
        self.spatial = LearnedScale(tied(config.spatial_scale, PUBLISHED_SPATIAL, task.logit_scale))
        self.output = LearnedScale(tied(config.output_scale, PUBLISHED_OUTPUT, task.logit_scale))

    def texts(self) -> tuple[Tensor, ...]:
        """Negative and positive text features, (C, D) each."""
        return tuple(encode_together(self.task.text, [self.negative, self.positive]))

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        negative, positive = cosine_map(features.dense, torch.cat(texts)).chunk(2, dim=-1)
        z_neg, z_pos = spatial_softmax(self.spatial() * positive, negative, positive)
        logits: Tensor = self.output() * (z_pos - z_neg)
        return logits

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """w[c, t] = softmax_t(a cos(text+_c, x_t)): (B, C, HW)."""
        _, positive, *_ = self.texts()
        return spatial_weights(self.spatial() * cosine_map(features.dense, positive))
