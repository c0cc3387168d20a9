"""CoOp for several labels: one learned prompt for each class."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import choice, setting
from methods.base import METHODS, Features, Task
from methods.layers.aggregation import cosine_map, spatial_softmax, spatial_weights
from methods.layers.prompts import PromptLearner, encode_together
from methods.layers.scales import RELEASED, Scale, require_positive, tied
from methods.parts import FOCUSING, SHIFT, Part
from methods.prompt_method import MatchMethod, PromptConfig


@dataclass(frozen=True, kw_only=True)
class CoOpConfig(PromptConfig):
    """Prompts and optimiser as in CoOp; the adaptation to several labels is ours, since no official recipe exists."""

    class_specific: bool = setting(False, "contexts for each class; CoOp's default is one set, shared by all (unified)")
    ctx_init: str = setting(
        "", "words that contexts start from, such as 'a photo of a' with n_ctx=4; empty: noise, 0.02 for CLIP"
    )
    pool: Literal["pooled", "dense"] = setting(
        "pooled",
        "what a prompt is compared with: CLIP's pooled vector (CoOp), or tokens pooled by their similarities",
        search=choice("pooled", "dense"),
    )
    scale: Scale = setting("checkpoint", "factor on cosines; 'checkpoint' is CLIP's own logit scale, as in CoOp")
    offset: bool = setting(
        True, "a trained offset of all logits, from 0: CLIP's cosines are all positive, and a softmax did not mind"
    )
    batch_size: int = setting(32, "images in a batch", ge=1)

    def __post_init__(self) -> None:
        require_positive(self, "scale")


@METHODS.register("coop")
class CoOp(MatchMethod):
    """Context optimisation (Zhou et al., IJCV 2022) with a sigmoid for each class in place of the softmax over classes.

    pooled: z_c = s cos(x, t_c) + b.  dense: z_c = sum_t softmax_t(s cos(x_t, t_c)) s cos(x_t, t_c) + b
    t_c = text("v_1 .. v_n <class>."), v trained; loss = ASL(z) over the known labels; gammas and clip of 0 make it BCE.
    """

    Config = CoOpConfig
    reference = "Zhou et al., Learning to Prompt for Vision-Language Models, IJCV 2022"
    equation = "z_c = s cos(x, text(v, class c)) + b; ASL(sigmoid(z)) over known labels"
    defaults_from = "CoOp's code (contexts, optimiser); gammas and clip of DualCoOp's; the offset is ours"
    note = "a multi-label adaptation of ours: CoOp is single-label, and no official multi-label recipe exists"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"epochs": 50},
        "photo": {"n_ctx": 4, "ctx_init": "a photo of a"},
        "class-specific": {"class_specific": True},
        "dense": {"pool": "dense"},
        "bce": {"gamma_pos": 0.0, "gamma_neg": 0.0, "clip": 0.0},
    }
    switches: ClassVar[dict[str, Part]] = {
        "offset": Part({"offset": False}, what="the trained offset of all logits"),
        "focusing": FOCUSING,
        "shift": SHIFT,
    }

    config: CoOpConfig

    def __init__(self, config: CoOpConfig, task: Task):
        super().__init__(config, task)
        self.prompts = PromptLearner(task.text, task.class_names, config.n_ctx, config.class_specific, config.ctx_init)
        self.offset = nn.Parameter(torch.zeros(())) if config.offset else None
        self.scale = tied(config.scale, RELEASED, task.logit_scale)

    @classmethod
    def needs_dense(cls, config: CoOpConfig) -> bool:
        return config.pool == "dense"

    def texts(self) -> tuple[Tensor, ...]:
        return tuple(encode_together(self.task.text, [self.prompts]))

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        (text,) = texts
        if self.config.pool == "pooled":
            logits = self.scale * cosine_map(features.pooled, text)
        else:
            similarity = self.scale * cosine_map(features.dense, text)
            (logits,) = spatial_softmax(similarity, similarity)
        return logits if self.offset is None else logits + self.offset

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor | None:
        """softmax_t(s cos(x_t, t_c)) with pool=dense: (B, C, HW)."""
        if self.config.pool == "pooled":
            return None
        (text,) = self.texts()
        return spatial_weights(self.scale * cosine_map(features.dense, text))
