"""PositiveCoOp, NegativeCoOp and their vision-only baseline: DualCoOp with prompts for one half, or for none."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.settings.config import log_float, setting
from methods.base import METHODS, Features, Task
from methods.baselines.dualcoop import DualCoOp, DualCoOpConfig
from methods.layers.aggregation import spatial_softmax, spatial_weights, with_mean_token, without_mean_token
from methods.layers.prompts import encode_together
from methods.layers.scales import Scale
from methods.losses import Reduction
from methods.parts import FOCUSING, SHIFT, Part
from methods.prompt_method import MatchConfig, MatchMethod

POSITIVE_COOP_PAPER = (
    "Rawlekar et al., PositiveCoOp: Rethinking Prompting Strategies for Multi-Label Recognition, WACV 2025"
)
EPOCH_NOTE = (
    "the first epoch runs at 1e-5 (the code: 5e-3); without the paper's image augmentation where features are cached"
)


@dataclass(frozen=True, kw_only=True)
class OneSidedConfig(DualCoOpConfig):
    """Defaults: the README's example (VOC 2007 at 90 %); the README gives no other consistent set."""

    spatial_scale: Scale = setting(
        "checkpoint", "sharpness of the softmax over positions; 'checkpoint' gives 20 at the scale of released CLIPs"
    )
    output_scale: Scale = setting(
        "checkpoint", "factor on the pooled similarities; 'checkpoint' gives 5 at the scale of released CLIPs"
    )
    free_std: float = setting(
        1.0, "spread of free vectors and offsets at the start (officially N(0, 1))", gt=0, search=log_float(0.01, 2)
    )
    context_lr: float = setting(
        0.01, "factor on lr for the contexts; free vectors and offsets have lr itself", gt=0, search=log_float(0.003, 1)
    )

    epochs: int = setting(52, "training epochs", ge=0)
    lr: float = setting(0.5, "base learning rate", gt=0, search=log_float(1e-3, 1))
    weight_decay: float = setting(0.0, "weight decay (decoupled with adamw, L2 otherwise)", ge=0)


class OneSided(DualCoOp):
    """DualCoOp with one half learned through the text tower, plus an offset, and the other half learned freely.

    prompted_c = text("v_1 .. v_n <class>.") + offset_c;  free_c: a vector that no tower made. All of (C, D).
    """

    Config = OneSidedConfig
    reference = POSITIVE_COOP_PAPER
    defaults_from = "official README (VOC 2007 at 90 %)"
    note = EPOCH_NOTE
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"lr": 0.5},
        "shared-contexts": {"class_specific": False},
        "small-start": {"free_std": 0.02},
    }

    config: OneSidedConfig

    def _build_texts(self) -> None:
        size = (self.task.num_classes, self.task.dim)
        self.prompts = self._prompts()
        self.offset = nn.Parameter(torch.randn(size) * self.config.free_std)
        self.free = nn.Parameter(torch.randn(size) * self.config.free_std)

    @classmethod
    def lr_multipliers(cls, config: OneSidedConfig) -> dict[str, float]:
        return {"contexts": config.context_lr}

    def _prompted(self) -> Tensor:
        (prompted,) = encode_together(self.task.text, [self.prompts])
        return prompted.float() + self.offset


@METHODS.register("positive_coop")
class PositiveCoOp(OneSided):
    """PositiveCoOp (Rawlekar et al., WACV 2025): positive prompts through the text tower, negatives as free vectors.

    text+_c = text("v_1 .. v_n <class>.") + a_c;  text-_c = b_c;  a and b are free vectors.
    The rest is DualCoOp's: tokens, positions, pooling by the positive half, two-way asymmetric loss.
    """

    equation = "DualCoOp with t+_c = text(v, class c) + a_c and a free vector t-_c"

    def texts(self) -> tuple[Tensor, ...]:
        return self.free, self._prompted()


@METHODS.register("negative_coop")
class NegativeCoOp(OneSided):
    """NegativeCoOp (Rawlekar et al., WACV 2025): negative prompts through the text tower, positives as free vectors.

    text-_c = text("v_1 .. v_n <class>.") + a_c;  text+_c = b_c;  a and b are free vectors.
    The rest is DualCoOp's, so that positions are weighted by the free half.
    """

    equation = "DualCoOp with t-_c = text(v, class c) + a_c and a free vector t+_c"

    def texts(self) -> tuple[Tensor, ...]:
        return self._prompted(), self.free


@dataclass(frozen=True, kw_only=True)
class VisionOnlyConfig(MatchConfig):
    """Defaults: as PositiveCoOp's README; the linear layer has 0.01 of its rate of 0.5."""

    output_scale: float = setting(5.0, "factor on the pooled outputs", gt=0)
    reduction: Reduction = setting("sum", "what the summed loss is divided by; officially nothing")
    loss_weight: float = setting(0.03, "factor on the loss", gt=0)

    epochs: int = setting(52, "training epochs", ge=0)
    batch_size: int = setting(32, "images in a batch", ge=1)
    lr: float = setting(5e-3, "base learning rate", gt=0, search=log_float(3e-4, 3e-2))
    weight_decay: float = setting(0.0, "weight decay (decoupled with adamw, L2 otherwise)", ge=0)


@METHODS.register("vision_only")
class VisionOnly(MatchMethod):
    """The vision-only baseline of PositiveCoOp (WACV 2025): DualCoOp's pipeline with a linear layer in place of texts.

    s+-[c, t] = w+-_c . x_t + b+-_c on the tokens of DualCoOp, not normalised
    z+-_c = output_scale sum_t softmax_t(s+-[c, t]) s+-[c, t], each half with weights of its own
    loss = loss_weight ASL(softmax(z-, z+)) summed over the known labels
    """

    colour = "wine"
    family = "references"
    Config = VisionOnlyConfig
    text = False
    eps = 1e-6
    reference = POSITIVE_COOP_PAPER
    equation = "z+-_c = 5 sum_t softmax_t(w+-_c x_t + b+-_c) (w+-_c x_t + b+-_c); ASL(softmax(z-, z+)), summed"
    defaults_from = "official README (VOC 2007 at 90 %)"
    note = EPOCH_NOTE
    recipes: ClassVar[dict[str, dict[str, Any]]] = {"paper": {"lr": 5e-3}}
    switches: ClassVar[dict[str, Part]] = {"focusing": FOCUSING, "shift": SHIFT}

    config: VisionOnlyConfig
    position: Tensor

    def __init__(self, config: VisionOnlyConfig, task: Task):
        super().__init__(config, task)
        bound = task.dim**-0.5  # as nn.Linear starts
        self.weight = nn.Parameter(torch.empty(2, task.num_classes, task.dim).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(2, task.num_classes).uniform_(-bound, bound))
        self.register_buffer("position", task.position.float(), persistent=False)

    def texts(self) -> tuple[Tensor, ...]:
        """The negative and the positive half, (C, D) each."""
        return tuple(self.weight)

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        tokens = with_mean_token(features.dense, self.position)
        with torch.autocast(tokens.device.type, enabled=False):
            maps = [F.linear(tokens.float(), w, b) for w, b in zip(texts, self.bias, strict=True)]
            z_neg, z_pos = (spatial_softmax(values, values)[0] for values in maps)
            return self.config.output_scale * (z_pos - z_neg)

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t(s+[c, t]) of the positive half, the mean token's weight shared out evenly: (B, C, HW)."""
        tokens = with_mean_token(features.dense, self.position)
        return without_mean_token(spatial_weights(F.linear(tokens.float(), self.weight[1], self.bias[1])))
