"""Category-aware regions: one feature for every category and image, found by its text. [P]"""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.layers.attention import DecoderLayer, Start
from methods.trm_ml.mlp import SimpleMLP

Query = Literal["text", "embed", "text+embed"]


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
    """Text and/or a trained embedding as the category query, decoder layer(s), then the MLP; features of unit norm.

    Queries and tokens enter with norm sqrt(D), the size that a transformer expects of its inputs.
    """

    sine: Tensor | None

    def __init__(
        self,
        template: Tensor,
        sharpness: float,
        *,
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

        sine: positions (HW, D) on the keys, times a trained factor that starts at position_scale. mlp_residual: whether
        the MLP after the decoder adds to its input; None: there is no MLP.
        """
        super().__init__()
        dim = template.shape[1]
        self.query = query
        self.query_residual = query_residual
        self.size = math.sqrt(dim)
        if query != "text":
            self.embedding = nn.Parameter(first_embedding(template, query, start))
        # With inputs of norm sqrt(D), a head's scaled product of query and key is sqrt(D / heads) <text, token> on
        # average over heads; the rest of the way to `sharpness` is the gain.
        gain = sharpness * math.sqrt(heads / dim)
        self.layers = nn.ModuleList(DecoderLayer(dim, heads, ffn, dropout, start, gain) for _ in range(layers))
        self.register_buffer("sine", sine, persistent=False)
        if sine is not None:
            self.position_scale = nn.Parameter(torch.tensor(position_scale))
        self.mlp = nn.Identity() if mlp_residual is None else SimpleMLP(dim, mlp_residual)

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
