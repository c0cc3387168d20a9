"""Transformer layers over the tokens of an image, post-norm as in DETR and Query2Label.

Shapes: B images, Q queries, HW tokens, D dimensions.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

Start = Literal["identity", "xavier"]


class CrossAttention(nn.Module):
    """Multi-head attention of Q queries over HW tokens that also gives its map.

    Tokens are never projected: <W_q q, W_k f> = <W_k' W_q q, f>, and the mean of W_v f is W_v of the mean. What grows
    with HW costs O(B HW D) for each head and query, forwards and (where tokens are frozen) backwards. A key's bias
    would shift all logits of a query alike, which a softmax does not see: there is none.

    start "identity": all four matrices start at identity, the queries' times `gain`, so that the attended vector
    starts as the mean of the tokens weighted by their similarity to the query. "xavier": as in Query2Label, but each
    matrix by its own fans (torch stacks those of query, key and value, which makes theirs 0.7 as large).
    values: False leaves out the projections of values and outputs; `saliency` is all that remains.
    """

    def __init__(self, dim: int, heads: int, dropout: float, start: Start, gain: float = 1.0, *, values: bool = True):
        super().__init__()
        _check(dim, heads)
        self.heads = heads
        self.query, self.value, self.out = (nn.Linear(dim, dim) for _ in range(3))
        self.key = nn.Linear(dim, dim, bias=False)
        self.dropout = nn.Dropout(dropout)
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.eye_(linear.weight) if start == "identity" else nn.init.xavier_uniform_(linear.weight)
            if linear.bias is not None:
                nn.init.zeros_(linear.bias)
        if start == "identity":
            with torch.no_grad():
                self.query.weight.mul_(gain)
        if not values:
            del self.value, self.out

    def saliency(self, queries: Tensor, tokens: Tensor, position: Tensor | None = None) -> Tensor:
        """The map alone (B, Q, HW), with the arguments of `forward`."""
        return self._mean_over_heads(self._logits(queries, tokens, position).softmax(dim=-2))

    def forward(self, queries: Tensor, tokens: Tensor, position: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Queries (Q, D) or (B, Q, D), tokens (B, HW, D), position (HW, D) of the keys -> (B, Q, D), map (B, Q, HW).

        The map is the mean over heads, before dropout; its rows sum to 1.
        """
        weights = self._logits(queries, tokens, position).softmax(dim=-2)  # (B, HW, heads * Q)
        pooled = (self.dropout(weights).mT @ tokens).unflatten(1, (self.heads, -1))  # (B, heads, Q, D)
        values = torch.einsum("bhcd,hed->bche", pooled, self._by_head(self.value.weight)).flatten(2) + self.value.bias
        return self.out(values), self._mean_over_heads(weights)

    def _mean_over_heads(self, weights: Tensor) -> Tensor:
        """(B, HW, heads * Q) -> (B, Q, HW)."""
        mean: Tensor = weights.unflatten(-1, (self.heads, -1)).mean(dim=-2).mT
        return mean

    def _logits(self, queries: Tensor, tokens: Tensor, position: Tensor | None) -> Tensor:
        q: Tensor = self.query(queries).unflatten(-1, (self.heads, -1)).transpose(-3, -2)  # (..., heads, Q, D / heads)
        folded: Tensor = (q / math.sqrt(q.shape[-1]) @ self._by_head(self.key.weight)).flatten(-3, -2)
        logits = tokens @ folded.mT
        return logits if position is None else logits + position @ folded.mT

    def _by_head(self, weight: Tensor) -> Tensor:
        """(D, D) -> (heads, D / heads, D)."""
        by_head: Tensor = weight.unflatten(0, (self.heads, -1))
        return by_head


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence x (B, L, D) over itself; `position` (L, D) joins queries and keys alone."""

    def __init__(self, dim: int, heads: int, dropout: float):
        super().__init__()
        _check(dim, heads)
        self.heads = heads
        self.query, self.value, self.out = (nn.Linear(dim, dim) for _ in range(3))
        self.key = nn.Linear(dim, dim, bias=False)
        self.dropout = nn.Dropout(dropout)
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.xavier_uniform_(linear.weight)
            if linear.bias is not None:
                nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor, position: Tensor | None = None) -> Tensor:
        located = x if position is None else x + position
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, L, D / heads)
            for part in (self.query(located), self.key(located), self.value(x))
        )
        weights = (query / math.sqrt(query.shape[-1]) @ key.mT).softmax(dim=-1)
        attended: Tensor = self.out((self.dropout(weights) @ value).transpose(1, 2).flatten(2))
        return attended


class EncoderLayer(nn.Module):
    """z = LN(x + Drop(SelfAttention(x; pos))), LN(z + Drop(W2 Drop(ReLU(W1 z)))) for tokens x (B, HW, D)."""

    def __init__(self, dim: int, heads: int, ffn: int, dropout: float):
        super().__init__()
        self.attention = SelfAttention(dim, heads, dropout)
        self.norm_attention = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = feed_forward(dim, ffn, dropout)
        self.norm_feed_forward = nn.LayerNorm(dim)

    def forward(self, x: Tensor, position: Tensor | None) -> Tensor:
        z = self.norm_attention(x + self.dropout(self.attention(x, position)))
        out: Tensor = self.norm_feed_forward(z + self.feed_forward(z))
        return out


class DecoderLayer(nn.Module):
    """Query2Label's decoder layer without self-attention:

    z = LN(x + Drop(MHA(x + q, F + pos, F))), r = LN(z + Drop(W2 Drop(ReLU(W1 z)))).

    With start "identity" the last layer of the feed-forward branch starts at zero.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        ffn: int,
        dropout: float,
        start: Start = "xavier",
        gain: float = 1.0,
    ):
        super().__init__()
        self.attention = CrossAttention(dim, heads, dropout, start, gain)
        self.norm_attention = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = None
        if ffn:
            self.feed_forward = feed_forward(dim, ffn, dropout, from_zero=start == "identity")
            self.norm_feed_forward = nn.LayerNorm(dim)

    def forward(
        self, x: Tensor | None, queries: Tensor | None, tokens: Tensor, position: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """State x (B, Q, D), (Q, D) or None for zero; queries (Q, D) or None for zero (one of the two is given);
        tokens (B, HW, D) -> (B, Q, D), map.
        """  # fmt: skip
        query = queries if x is None else x if queries is None else x + queries
        assert query is not None
        attended, attention = self.attention(query, tokens, position)
        attended = self.dropout(attended)
        z = self.norm_attention(attended if x is None else x + attended)
        if self.feed_forward is not None:
            z = self.norm_feed_forward(z + self.feed_forward(z))
        return z, attention


def feed_forward(dim: int, ffn: int, dropout: float, from_zero: bool = False) -> nn.Sequential:
    """Drop(W2 Drop(ReLU(W1 z))), Xavier weights; `from_zero`: W2 and its bias start at zero."""
    widen, narrow = nn.Linear(dim, ffn), nn.Linear(ffn, dim)
    for linear in (widen, narrow):
        nn.init.xavier_uniform_(linear.weight)
    if from_zero:
        nn.init.zeros_(narrow.weight)
        nn.init.zeros_(narrow.bias)
    return nn.Sequential(widen, nn.ReLU(), nn.Dropout(dropout), narrow, nn.Dropout(dropout))


def _check(dim: int, heads: int) -> None:
    if dim % heads:
        raise ValueError(f"{heads} heads do not divide a dimension of {dim}")
