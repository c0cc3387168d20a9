"""CLIP without training: similarity of the image to a sentence about each class."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from bench.settings.config import choice, setting
from methods.base import METHODS, Features, Method, MethodConfig
from methods.layers.aggregation import cosine_map, spatial_softmax, spatial_weights
from methods.layers.prompts import Templates, template_features, template_list


@dataclass(frozen=True, kw_only=True)
class ZeroShotConfig(MethodConfig):
    epochs: int = setting(0, "nothing is trained", ge=0, le=0)
    pool: Literal["pooled", "dense"] = setting(
        "pooled",
        "one vector an image, or every position, pooled by a softmax over its own similarities (about 9 mAP more on "
        "COCO: say which)",
        search=choice("pooled", "dense"),
    )
    templates: Templates = setting(
        "photo",
        "'a photo of a {}.', the mean of several sentences, or of CLIP's 80 for ImageNet",
        search=choice("photo", "ensemble", "imagenet"),
    )


@METHODS.register("clip_zero_shot")
class ClipZeroShot(Method):
    """Zero-shot CLIP (Radford et al., ICML 2021), with one vector an image or with all positions.

    pooled: logit_c = s cos(x, t_c).  dense: logit_c = sum_t softmax_t(s cos(x_t, t_c)) s cos(x_t, t_c)
    ("ZSCLIP" of TaI-DPT, CVPR 2023), with s the checkpoint's logit scale and t_c the class's sentence(s).
    """

    colour = "sky"
    Config = ZeroShotConfig
    labels = "none"
    text = True
    family = "references"
    reference = "Radford et al., Learning Transferable Visual Models From Natural Language Supervision, ICML 2021"
    equation = "z_c = s cos(x, t_c), x the pooled vector or all tokens, softmax-pooled"
    defaults_from = "CLIP's prompt"
    note = (
        "no training; the same at every ratio; positions are resized to the tokens' grid, in TaI-DPT's code by "
        "(side + 0.1) / 7, which reads them a little apart"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {"dense": {"pool": "dense"}}

    config: ZeroShotConfig

    @classmethod
    def needs_dense(cls, config: ZeroShotConfig) -> bool:
        return config.pool == "dense"

    def _text(self) -> Tensor:
        """Unit text features (C, D)."""
        return template_features(self.task.text, self.task.class_names, template_list(self.config.templates))

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor | None:
        """softmax_t(s cos(x_t, t_c)) with pool=dense: (B, C, HW)."""
        if self.config.pool == "pooled":
            return None
        return spatial_weights(self.task.logit_scale * cosine_map(features.dense, self._text()))

    def scorer(self) -> Callable[[Features], Tensor]:
        scale, text = self.task.logit_scale, self._text()

        @torch.no_grad()
        def pooled(features: Features) -> Tensor:
            return scale * cosine_map(features.pooled, text)

        @torch.no_grad()
        def dense(features: Features) -> Tensor:
            similarity = scale * cosine_map(features.dense, text)
            return spatial_softmax(similarity, similarity)[0]

        return pooled if self.config.pool == "pooled" else dense
