"""CLIP's ResNet image tower: dense tokens by the value path of its attention pool."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import ImageEncoder, ImageFeatures

if TYPE_CHECKING:
    from open_clip.modified_resnet import ModifiedResNet


class ResNetEncoder(ImageEncoder):
    """Value path and attention pooling of the last map, from one pass (DualCoOp and CLIP both start here).

    dense = c_proj(v_proj(map)) per location, without position; pooled equals `visual(images)`.
    """

    def __init__(self, visual: "ModifiedResNet"):
        super().__init__()
        self.visual = visual.to(memory_format=torch.channels_last)
        side = round((visual.attnpool.positional_embedding.shape[0] - 1) ** 0.5)
        self.grid = (side, side)

    def forward(self, images: Tensor) -> ImageFeatures:
        x = self.visual.stem(images.contiguous(memory_format=torch.channels_last))
        for layer in (self.visual.layer1, self.visual.layer2, self.visual.layer3, self.visual.layer4):
            x = layer(x)
        pool = self.visual.attnpool
        tokens = x.flatten(2).transpose(1, 2)
        return ImageFeatures(dense=pool.c_proj(pool.v_proj(tokens)), pooled=pool(x))

    def projected_position(self) -> Tensor:
        """(1 + HW, D): what the positional embedding adds to projected tokens; the map is linear, so it is exact."""
        pool = self.visual.attnpool
        return F.linear(F.linear(pool.positional_embedding, pool.v_proj.weight), pool.c_proj.weight)

    def last_stage(self) -> dict[str, nn.Module | nn.Parameter]:
        return {"layer4": self.visual.layer4, "attnpool": self.visual.attnpool}
