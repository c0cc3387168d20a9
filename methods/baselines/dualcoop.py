"""DualCoOp: a positive and a negative learned prompt for each class, matched with every position of the image."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import choice, setting
from methods.base import METHODS, Features, Task
from methods.layers.aggregation import cosine_map, spatial_softmax, spatial_weights, with_mean_token, without_mean_token
from methods.layers.prompts import PromptLearner, encode_together
from methods.layers.scales import Scale, require_positive
from methods.losses import Reduction
from methods.parts import CLASS_CONTEXTS, FOCUSING, SHIFT, Part
from methods.prompt_method import MatchMethod, PromptConfig

OFFICIAL_SPATIAL_SHARE = 4.0  # 20 : 5


@dataclass(frozen=True, kw_only=True)
class DualCoOpConfig(PromptConfig):
    """Defaults: the official code's values for COCO.

    The loss is a sum over known labels and goes into SGD, so `loss_weight` is a part of the learning rate. The code's
    default is 1; the only published value is the README's 0.03 for COCO at 50 %, with the advice "larger for fewer
    known labels".
    """

    spatial_scale: Scale = setting(
        20.0, "sharpness of the softmax over positions, or 'checkpoint'", search=choice("checkpoint", 5.0, 10.0, 20.0)
    )
    output_scale: Scale = setting(
        5.0, "factor on the pooled similarities, or 'checkpoint' (see `scales`)", search=choice("checkpoint", 2.0, 5.0)
    )
    reduction: Reduction = setting("sum", "what the summed loss is divided by; officially nothing")
    loss_weight: float = setting(0.03, "factor on the loss", gt=0)
    batch_size: int = setting(32, "images in a batch", ge=1)

    def __post_init__(self) -> None:
        require_positive(self, "spatial_scale", "output_scale")


def scales(spatial: Scale, output: Scale, logit_scale: float) -> tuple[float, float]:
    """The two factors as numbers.

    The official 20 and 5 make 100, the scale at which the released CLIPs were trained. A checkpoint with another scale
    spreads its similarities differently, so constants do not carry over. "checkpoint" ties their product to the
    checkpoint's scale s: one alone is s / (the other); both together keep the official ratio, 2 sqrt(s) and
    sqrt(s) / 2. With s = 100 each of these is 20 and 5 again.
    """
    if spatial == "checkpoint" and output == "checkpoint":
        output = (logit_scale / OFFICIAL_SPATIAL_SHARE) ** 0.5
    if spatial == "checkpoint":
        spatial = logit_scale / float(output)
    if output == "checkpoint":
        output = logit_scale / float(spatial)
    return float(spatial), float(output)


@METHODS.register("dualcoop")
class DualCoOp(MatchMethod):
    """Dual context optimisation (Sun et al., NeurIPS 2022), as in the official code (models/dualcoop.py).

    tokens x_t: the mean token and all positions, with CLIP's positional embedding, projected by the value path.
    s+-[c, t] = spatial_scale cos(text+-_c, x_t);  w[c, t] = softmax_t(s+[c, t])
    z+-[c] = output_scale sum_t w[c, t] s+-[c, t]
    loss = loss_weight ASL(softmax(z-, z+)) summed over the known labels; the positive half of that softmax is
    sigmoid(z+ - z-), so the logit and the score are z+ - z-.
    """

    colour = "blue"
    baseline = 3
    Config = DualCoOpConfig
    eps = 1e-6  # as in utils/asymmetric_loss.py
    reference = (
        "Sun et al., DualCoOp: Fast Adaptation to Multi-Label Recognition with Limited Annotations, NeurIPS 2022"
    )
    equation = "z+-_c = 5 sum_t softmax_t(20 cos(t+_c, x_t)) 20 cos(t+-_c, x_t); ASL(softmax(z-, z+)), summed"
    defaults_from = "official code (configs for COCO)"
    note = "without the paper's image augmentation where features are cached"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"lr": 2e-3},
        "paper-voc2007": {"lr": 1e-3},
        "shared-contexts": {"class_specific": False},
    }
    switches: ClassVar[dict[str, Part]] = {"class contexts": CLASS_CONTEXTS, "focusing": FOCUSING, "shift": SHIFT}

    config: DualCoOpConfig
    position: Tensor

    def __init__(self, config: DualCoOpConfig, task: Task):
        super().__init__(config, task)
        self._build_texts()
        self.register_buffer("position", task.position.float(), persistent=False)
        self.spatial_scale, self.output_scale = scales(config.spatial_scale, config.output_scale, task.logit_scale)

    def _prompts(self) -> PromptLearner:
        config, task = self.config, self.task
        return PromptLearner(task.text, task.class_names, config.n_ctx, config.class_specific, config.ctx_init)

    def _build_texts(self) -> None:
        self.negative, self.positive = self._prompts(), self._prompts()

    def texts(self) -> tuple[Tensor, ...]:
        """Negative and positive text features, (C, D) each."""
        return tuple(encode_together(self.task.text, [self.negative, self.positive]))

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        tokens = with_mean_token(features.dense, self.position)
        similarity = self.spatial_scale * cosine_map(tokens, torch.cat(texts))
        s_neg, s_pos = similarity.chunk(2, dim=-1)
        z_neg, z_pos = spatial_softmax(s_pos, s_neg, s_pos)
        return self.output_scale * z_pos - self.output_scale * z_neg

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """w[c, t] = softmax_t(s+[c, t]), the mean token's weight shared out evenly: (B, C, HW)."""
        _, positive = self.texts()
        tokens = with_mean_token(features.dense, self.position)
        return without_mean_token(spatial_weights(self.spatial_scale * cosine_map(tokens, positive)))
