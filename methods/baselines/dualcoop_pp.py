"""DualCoOp++: an evidence prompt weights the positions, and the classes compete at each of them."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from bench.settings.config import setting
from methods.base import METHODS, Features, Task
from methods.layers.aggregation import cosine_map, spatial_softmax, spatial_weights
from methods.layers.prompts import PromptLearner, encode_together
from methods.layers.scales import LearnedScale, Scale, require_positive, tied
from methods.parts import CLASS_CONTEXTS, FOCUSING, SHIFT, Part
from methods.prompt_method import MatchMethod, PromptConfig

PP_SPATIAL, PP_OUTPUT, PP_COMPETITION = math.exp(3.0), math.exp(3.0), 200.0

Mode = Literal["none", "pos_norm", "pos200"]


@dataclass(frozen=True, kw_only=True)
class DualCoOpPPConfig(PromptConfig):
    """Defaults: the settings of the COCO scripts in the public re-implementation."""

    n_ctx: int = setting(21, "learned context vectors in each prompt", ge=1)
    spatial_scale: Scale = setting(
        "checkpoint", "start of the trained sharpness of the softmax over positions; 'checkpoint': e^3 of CLIP's 100"
    )
    output_scale: Scale = setting(
        "checkpoint", "fixed factor on the positive and negative cosines; 'checkpoint': e^3 of CLIP's 100"
    )
    winner_take_all: Mode = setting(
        "pos_norm", "how classes compete at a place: positives times u / max u (COCO), times 1 + u (VOC), or not at all"
    )
    competition_scale: Scale = setting("checkpoint", "sharpness of that competition; 'checkpoint': 200 of CLIP's 100")
    lr: float = setting(5e-3, "base learning rate", gt=0)

    def __post_init__(self) -> None:
        require_positive(self, "spatial_scale", "output_scale", "competition_scale")


def winner_take_all(positive: Tensor, mode: Mode, scale: float) -> Tensor:
    """Weights (B, T, C) on cosines `positive` (B, T, C): where one class stands out, the others count for less.

    u[t, c] = softmax_c(scale cos[t, c] max_c' cos[t, c']): the competition is sharp where some class is surely there.
    pos_norm: u / max_c u, so that the winner keeps its similarity;  pos200: 1 + u.
    """
    if mode == "none":
        return torch.ones_like(positive)
    share = (scale * positive * positive.amax(dim=-1, keepdim=True)).softmax(dim=-1)
    return 1 + share if mode == "pos200" else share / share.amax(dim=-1, keepdim=True)


@METHODS.register("dualcoop_pp")
class DualCoOpPP(MatchMethod):
    """DualCoOp++ (Hu et al., TPAMI 2024): evidence, positive and negative prompts, winner-take-all over classes.

    w[c, t] = softmax_t(a cos(evidence_c, x_t)) over the HW tokens x_t, a trained
    z+_c = b sum_t w[c, t] u[t, c] cos(text+_c, x_t);  z-_c = b sum_t w[c, t] cos(text-_c, x_t)
    u as in `winner_take_all`;  loss = ASL(z+ - z-) over known labels, summed, / B
    """

    Config = DualCoOpPPConfig
    reference = "Hu et al., DualCoOp++: Fast and Effective Adaptation to Multi-Label Recognition, TPAMI 2024"
    equation = (
        "z+_c - z-_c, pooled by softmax_t(a cos(evidence_c, x_t)), positives reweighted by a softmax over classes"
    )
    defaults_from = "a public re-implementation (its COCO scripts)"
    note = "from a public re-implementation: no official code of DualCoOp++ was released"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"lr": 5e-3},
        "paper-voc2007": {"winner_take_all": "pos200"},
        "nus-wide": {"batch_size": 192},
        "evidence-only": {"winner_take_all": "none"},
    }
    switches: ClassVar[dict[str, Part]] = {
        "winner-take-all": Part({"winner_take_all": "none"}, what="the competition of classes at each place"),
        "class contexts": CLASS_CONTEXTS,
        "focusing": FOCUSING,
        "shift": SHIFT,
    }

    config: DualCoOpPPConfig

    def __init__(self, config: DualCoOpPPConfig, task: Task):
        super().__init__(config, task)
        self.evidence, self.negative, self.positive = (
            PromptLearner(task.text, task.class_names, config.n_ctx, config.class_specific, config.ctx_init)
            for _ in range(3)
        )
        self.spatial = LearnedScale(tied(config.spatial_scale, PP_SPATIAL, task.logit_scale))
        self.output_scale = tied(config.output_scale, PP_OUTPUT, task.logit_scale)
        self.competition_scale = tied(config.competition_scale, PP_COMPETITION, task.logit_scale)

    def texts(self) -> tuple[Tensor, ...]:
        """Evidence, negative and positive text features, (C, D) each."""
        return tuple(encode_together(self.task.text, [self.evidence, self.negative, self.positive]))

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        evidence, negative, positive = cosine_map(features.dense, torch.cat(texts)).chunk(3, dim=-1)
        weight = winner_take_all(positive, self.config.winner_take_all, self.competition_scale)
        z_neg, z_pos = spatial_softmax(self.spatial() * evidence, negative, weight * positive)
        return self.output_scale * (z_pos - z_neg)

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """w[c, t] = softmax_t(a cos(evidence_c, x_t)), without the competition of classes: (B, C, HW)."""
        evidence, *_ = self.texts()
        return spatial_weights(self.spatial() * cosine_map(features.dense, evidence))
