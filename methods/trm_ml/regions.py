"""Category-aware regions: one feature for every category and image, found by its text. [P]"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.layers.attention import DecoderLayer
from methods.layers.position import sine_position
from methods.trm_ml.config import TRMConfig
from methods.trm_ml.mlp import SimpleMLP


class Regions(NamedTuple):
    """features (B, C, D), as they meet the texts; attention (B, C, HW), rows sum to 1."""

    features: Tensor
    attention: Tensor


def text_pixel(text: Tensor, tokens: Tensor, sharpness: float) -> Regions:
    """The baseline that the paper argues against: texts (C, D) weight the tokens (B, HW, D) by similarity alone.

    Features are means of unit-norm tokens, so <feature, text> is the weighted mean of similarities (DualCoOp). [R]
    """
    attention = (sharpness * text @ tokens.mT).softmax(dim=-1)
    return Regions(attention @ tokens, attention)


class TextPixel(nn.Module):
    """`text_pixel` with the interface of `RegionLearner`; nothing is learned."""

    def __init__(self, sharpness: float):
        super().__init__()
        self.sharpness = sharpness

    def forward(self, text: Tensor, tokens: Tensor) -> Regions:
        return text_pixel(text, tokens, self.sharpness)


class RegionLearner(nn.Module):
    """Text and/or a trained embedding as the category query, decoder layer(s), then the MLP; features of unit norm.

    Queries and tokens enter with norm sqrt(D), the size that a transformer expects of its inputs.
    """

    sine: Tensor | None

    def __init__(self, config: TRMConfig, template: Tensor, grid: tuple[int, int], sharpness: float):
        """template: (C, D), unit norm; sharpness: attention starts at softmax(sharpness <text, token>)."""
        super().__init__()
        dim = template.shape[1]
        self.query = config.query
        self.query_residual = config.query_residual
        self.size = math.sqrt(dim)
        if config.query != "text":
            self.embedding = nn.Parameter(self._first_embedding(config, template))
        # With inputs of norm sqrt(D), a head's scaled product of query and key is sqrt(D / heads) <text, token> on
        # average over heads; the rest of the way to `sharpness` is the gain.
        gain = sharpness * math.sqrt(config.heads / dim)
        self.layers = nn.ModuleList(
            DecoderLayer(dim, config.heads, config.ffn, config.dropout, config.init, gain) for _ in range(config.layers)
        )
        sine = sine_position(grid, dim).to(template) if config.position == "sine" else None
        self.register_buffer("sine", sine, persistent=False)
        if sine is not None:
            self.position_scale = nn.Parameter(torch.tensor(config.position_scale))
        self.mlp = SimpleMLP(dim, config.mlp_residual) if config.mlp in ("region", "both") else nn.Identity()

    @staticmethod
    def _first_embedding(config: TRMConfig, template: Tensor) -> Tensor:
        """Zero beside the text; alone, the template text [U], or noise as in Query2Label [R]."""
        if config.query == "text+embed":
            return torch.zeros_like(template)
        noise = torch.randn_like(template) / math.sqrt(template.shape[1])
        return noise if config.init == "xavier" else template.clone()

    def forward(self, text: Tensor, tokens: Tensor) -> Regions:
        """Unit-norm texts (C, D) and tokens (B, HW, D) -> regions; the attention is the last layer's."""
        queries = self.size * self._queries(text)
        tokens = self.size * tokens
        position = None if self.sine is None else self.position_scale * self.sine
        x = queries if self.query_residual else None
        attention = tokens.new_empty(0)
        for layer in self.layers:
            x, attention = layer(x, queries, tokens, position)
        return Regions(F.normalize(self.mlp(x), dim=-1), attention)

    def _queries(self, text: Tensor) -> Tensor:
        if self.query == "text":
            return text
        return self.embedding if self.query == "embed" else text + self.embedding
