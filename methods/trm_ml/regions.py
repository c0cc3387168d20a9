"""Category-aware regions: for every category and image a saliency map over the tokens, and features from it. [P][T]"""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.layers.attention import CrossAttention, DecoderLayer, Start
from methods.trm_ml.levels import Levels
from methods.trm_ml.mlp import SimpleMLP

Query = Literal["text", "embed", "text+embed"]


class Regions(NamedTuple):
    """Features (B, C, D) as they meet the texts, and their saliency map (B, C, HW), whose rows sum to 1.

    region: r_ic = sum_n a_icn F_in, tokens averaged by the map: it stays in the joint space of tokens and texts. [T]
    query: h_ic = MLP(output of the cross-attention for query c). [T]
    None: a level that is left out.
    """

    region: Tensor | None
    query: Tensor | None
    saliency: Tensor

    @property
    def levels(self) -> Levels:
        """The features, in float32 also under autocast: what follows is taken outside of it."""
        return Levels(self.region, self.query).map(Tensor.float)


def text_pixel(text: Tensor, tokens: Tensor, sharpness: float) -> Regions:
    """The baseline that the paper argues against: texts (C, D) weight the tokens (B, HW, D) by similarity alone.

    Features are means of unit-norm tokens, so <feature, text> is the weighted mean of similarities (DualCoOp). [R]
    """
    saliency = (sharpness * text @ tokens.mT).softmax(dim=-1)
    return Regions(saliency @ tokens, None, saliency)


def first_embedding(template: Tensor, query: Query, start: Start) -> Tensor:
    """A category's trained embedding at the start: zero beside the text; alone, the template text [U], or noise [R]."""
    if query == "text+embed":
        return torch.zeros_like(template)
    noise = torch.randn_like(template) / math.sqrt(template.shape[1])
    return noise if start == "xavier" else template.clone()


class TextPixel(nn.Module):
    """`text_pixel` with the interface of `RegionLearner`; nothing is learned."""

    def __init__(self, sharpness: float):
        super().__init__()
        self.sharpness = sharpness

    def forward(self, text: Tensor, tokens: Tensor) -> Regions:
        return text_pixel(text, tokens, self.sharpness)


class RegionLearner(nn.Module):
    """Text and/or a trained embedding as the category query, decoder layer(s), and features at one or both levels.

    Queries and tokens enter with norm sqrt(D), the size that a transformer expects of its inputs.
    """

    sine: Tensor | None

    def __init__(
        self,
        template: Tensor,
        sharpness: float,
        *,
        region_level: bool,
        region_norm: bool,
        query_level: bool,
        query: Query,
        query_residual: bool,
        layers: int,
        heads: int,
        ffn: int,
        dropout: float,
        start: Start,
        sine: Tensor | None,
        position_scale: float,
        mlp_residual: bool | None,
    ):
        """template: (C, D), unit norm; sharpness: attention starts at softmax(sharpness <text, token>).

        region_norm: whether region-level features have unit norm; else they are means of unit-norm tokens.
        query_level: without it the last layer gives its map alone. sine: positions (HW, D) on the keys, times a trained
        factor that starts at position_scale. mlp_residual: whether the MLP after the decoder adds to its input; None:
        there is no MLP.
        """
        super().__init__()
        dim = template.shape[1]
        self.region_level = region_level
        self.region_norm = region_norm
        self.query = query
        self.query_residual = query_residual
        self.size = math.sqrt(dim)
        if query != "text":
            self.embedding = nn.Parameter(first_embedding(template, query, start))
        # With inputs of norm sqrt(D), a head's scaled product of query and key is sqrt(D / heads) <text, token> on
        # average over heads; the rest of the way to `sharpness` is the gain.
        gain = sharpness * math.sqrt(heads / dim)
        decoders = layers if query_level else layers - 1
        self.layers = nn.ModuleList(DecoderLayer(dim, heads, ffn, dropout, start, gain) for _ in range(decoders))
        self.last = None if query_level else CrossAttention(dim, heads, 0.0, start, gain, values=False)
        self.register_buffer("sine", sine, persistent=False)
        if sine is not None:
            self.position_scale = nn.Parameter(torch.tensor(position_scale))
        without = mlp_residual is None or not query_level
        self.mlp = nn.Identity() if without else SimpleMLP(dim, bool(mlp_residual))

    def forward(self, text: Tensor, tokens: Tensor) -> Regions:
        """Unit-norm texts (C, D) and tokens (B, HW, D) -> regions; the saliency map is the last layer's."""
        queries = self.size * self._queries(text)
        inputs = self.size * tokens
        position = None if self.sine is None else self.position_scale * self.sine
        x = queries if self.query_residual else None
        saliency = tokens.new_empty(0)
        for layer in self.layers:
            x, saliency = layer(x, queries, inputs, position)
        if self.last is not None:
            saliency = self.last.saliency(queries if x is None else x + queries, inputs, position)
        region = self._region(saliency, tokens) if self.region_level else None
        return Regions(region, F.normalize(self.mlp(x), dim=-1) if self.last is None else None, saliency)

    def _region(self, saliency: Tensor, tokens: Tensor) -> Tensor:
        """No projection and no MLP: the feature stays where tokens and texts already meet. [T]"""
        region = saliency @ tokens
        return F.normalize(region, dim=-1) if self.region_norm else region

    def _queries(self, text: Tensor) -> Tensor:
        if self.query == "text":
            return text
        return self.embedding if self.query == "embed" else text + self.embedding
