"""CLIP's vision transformer: dense tokens by the value path of its last block."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import ImageEncoder, ImageFeatures
from bench.errors import DataError

if TYPE_CHECKING:
    from open_clip.transformer import ResidualAttentionBlock, VisionTransformer


class ViTEncoder(ImageEncoder):
    """Value path of the last block and the class token, from one pass.

    With x the tokens that enter the last block, dense = ln_post(out_proj(v_proj(ln_1(x)))) @ proj for every patch: no
    attention between patches, no residual, no MLP. Attention in the last block mixes each patch with the whole image,
    and residual and MLP carry what the class token needs; MaskCLIP (Zhou et al., ECCV 2022) takes the value path
    for dense prediction, CLIP Surgery (Li et al. 2023) and ClearCLIP (Lan et al., ECCV 2024) leave out the residual
    and the MLP too. The attention pool of the ResNets has neither, so this is their dense tokens' counterpart.
    pooled equals `visual(images)`: the class token through the whole block. The class token is not among `dense`.

    Positions go in before the first block, so `projected_position` is zero: nothing is left to be added.
    """

    def __init__(self, visual: "VisionTransformer"):
        super().__init__()
        from open_clip.transformer import ResidualAttentionBlock

        last = visual.transformer.resblocks[-1]
        plain = visual.attn_pool is None and visual.pool_type == "tok" and not visual.final_ln_after_pool
        if not plain or not isinstance(last, ResidualAttentionBlock):
            raise DataError(
                "this ViT does not pool by a class token as CLIP's do; take ViT-B-16, ViT-B-32 or ViT-L-14."
            )
        self.visual = visual
        self.grid: tuple[int, int] = visual.grid_size

    def forward(self, images: Tensor) -> ImageFeatures:
        *blocks, last = self.visual.transformer.resblocks
        x = self.visual._embeds(images)
        for block in blocks:
            x = block(x)
        values = last.ls_1(value_path(last, last.ln_1(x[:, 1:])))
        return ImageFeatures(dense=self._project(values), pooled=self._project(last(x)[:, 0]))

    def _project(self, x: Tensor) -> Tensor:
        return self.visual.ln_post(x) @ self.visual.proj

    def projected_position(self) -> Tensor:
        """Zeros (1 + HW, D)."""
        height, width = self.grid
        return torch.zeros(1 + height * width, self.visual.output_dim)

    def last_stage(self) -> dict[str, nn.Module | nn.Parameter]:
        block = self.visual.transformer.resblocks[-1]
        return {"block": block, "ln_post": self.visual.ln_post, "proj": self.visual.proj}


def value_path(block: "ResidualAttentionBlock", x: Tensor) -> Tensor:
    """What each token (B, L, W) would get if it attended to itself alone."""
    attention, width = block.attn, x.shape[-1]
    value = F.linear(x, attention.in_proj_weight[-width:], attention.in_proj_bias[-width:])
    return attention.out_proj(value)
