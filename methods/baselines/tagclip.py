"""TagCLIP from cached tokens: CLIP's view of every position, refined class by class; nothing is trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bench.settings.config import log_float, setting
from methods.base import METHODS, Features, Method, MethodConfig, Task
from methods.layers.aggregation import cosine_map
from methods.layers.prompts import Templates, readable, template_features, template_list
from methods.layers.scales import Scale, require_positive, tied
from methods.parts import Part
from methods.structure.class_boxes import class_boxes

BACKGROUND = (
    "ground", "land", "grass", "tree", "building", "wall", "sky", "lake", "water",
    "river", "sea", "railway", "railroad", "keyboard", "helmet", "cloud", "house", "mountain",
    "ocean", "road", "rock", "street", "valley", "bridge", "sign",
)  # fmt: skip
"""What positions may show that is no class; names that a class has are left out (COCO's keyboard)."""


@dataclass(frozen=True, kw_only=True)
class TagCLIPConfig(MethodConfig):
    epochs: int = setting(0, "nothing is trained", ge=0, le=0)
    templates: Templates = setting(
        "imagenet", "sentences that take a class name; officially CLIP's 80 for ImageNet and five more"
    )
    scale: Scale = setting("checkpoint", "sharpness of the softmax over classes; 'checkpoint': CLIP's own (100)")
    refinement: Literal["tokens", "none", "attention"] = setting(
        "tokens",
        "what a position's scores are averaged with: those of positions with similar tokens, or none; attention of the "
        "encoder's layers, as in the paper, is not in cached features",
    )
    similarity_scale: float = setting(10.0, "sharpness of the similarity of tokens", gt=0, search=log_float(1, 50))
    boxes: bool = setting(True, "each class is refined within the boxes around what stands out of its map")
    recheck: bool = setting(False, "only off: the paper's last step encodes crops of the image, which needs its pixels")

    def __post_init__(self) -> None:
        require_positive(self, "scale")
        if self.refinement == "attention":
            raise ValueError(
                "refinement = attention is not allowed: cached features hold no attention maps; give tokens or none"
            )
        if self.recheck:
            raise ValueError(
                "recheck = True is not allowed: it encodes crops of images, and methods here see features; leave it out"
            )
        if self.boxes and self.refinement == "none":
            raise ValueError(
                "boxes = True needs refinement = tokens: they limit what is averaged; give boxes = False too"
            )


@METHODS.register("tagclip")
class TagCLIP(Method):
    """TagCLIP (Lin et al., AAAI 2024) without its re-check, from cached tokens: zero-shot CLIP, local to global.

    s_tc = softmax over classes and 25 background names of 100 cos(x_t, t_c);  s1 = A s
    a_c: the boxes around where s1_c, scaled to 0..1, is above its mean;  s2_c = A diag(a_c) s_c
    score: the logit of max_t s2_tc

    The paper's tokens attend to themselves in a ViT's last block and keep its residual and MLP; those of a ViT here
    have its value path alone. Its A is the mean of three layers' attention where four of twelve agree; here
    A = softmax_t'(10 cos(x_t, x_t')), as the features that a run keeps hold no attention. Its last step encodes a crop
    for each likely class and averages; that needs pixels, and is refused. It resizes images to their own shape.
    """

    Config = TagCLIPConfig
    labels = "none"
    text = True
    family = "references"
    reference = (
        "Lin et al., TagCLIP: A Local-to-Global Framework to Enhance Open-Vocabulary Multi-Label Classification of "
        "CLIP without Training, AAAI 2024"
    )
    source, licence = "linyq2117/TagCLIP at c32b640f", "MIT"
    equation = "s = softmax_c(100 cos(x_t, t_c)); s1 = A s; a_c = boxes(s1_c); z_c = logit max_t (A diag(a_c) s_c)_t"
    defaults_from = "official code; the similarity of tokens in the place of attention is ours"
    note = (
        "no training; without the paper's re-check of crops; tokens' "
        "similarity in the place of the layers' attention; the paper's is a ViT, with images in their own shape"
    )
    switches: ClassVar[dict[str, Part]] = {
        "refinement": Part(
            {"refinement": "none", "boxes": False}, what="a position's scores are averaged with similar positions'"
        ),
        "boxes": Part({"boxes": False}, needs=("refinement",), what="within boxes around what stands out"),
    }

    config: TagCLIPConfig

    def __init__(self, config: TagCLIPConfig, task: Task):
        super().__init__(config, task)
        self.scale = tied(config.scale, 100.0, task.logit_scale)

    def scorer(self) -> Callable[[Features], Tensor]:
        names = {readable(name) for name in self.task.class_names}
        every = (*self.task.class_names, *(name for name in BACKGROUND if name not in names))
        texts = template_features(self.task.text, every, template_list(self.config.templates))
        classes = self.task.num_classes

        @torch.no_grad()
        def score(features: Features) -> Tensor:
            shares = (self.scale * cosine_map(features.dense, texts)).softmax(dim=-1)[..., :classes]
            if self.config.refinement == "tokens":
                shares = self.refined(features.dense, shares)
            best = shares.amax(dim=1).float()
            return best.clamp(min=1e-30).log() - (1 - best).clamp(min=1e-7).log()

        return score

    def refined(self, dense: Tensor, shares: Tensor) -> Tensor:
        """Shares (B, HW, C), each averaged with those of similar tokens (B, HW, D), within its class's boxes."""
        tokens = F.normalize(dense.float(), dim=-1)
        affinity = (self.config.similarity_scale * tokens @ tokens.mT).softmax(dim=-1)
        if self.config.boxes:
            shares = shares * boxes_of(affinity @ shares, self.task.grid)
        return affinity @ shares


def boxes_of(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """`class_boxes` of each class map of maps (B, HW, C), as 0 and 1 of the same shape."""
    low, high = maps.amin(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)
    grey = ((maps - low) / (high - low).clamp(min=torch.finfo(maps.dtype).tiny)).mT.unflatten(2, grid).cpu().numpy()
    inside = np.stack([[class_boxes(one) for one in image] for image in grey])
    return torch.from_numpy(inside).flatten(2).mT.to(maps)
