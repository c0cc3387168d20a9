"""Cross-modal attention: every category's query looks over all tokens of an image."""

import math
from typing import Literal

import torch
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """Multi-head attention of C queries over HW tokens that also gives its map.

    Tokens are never projected: <W_q q, W_k f> = <W_k' W_q q, f>, and the mean of W_v f is W_v of the mean. What grows
    with HW costs O(B HW D) for each head and category, forwards and (tokens are frozen) backwards. A key's bias
    would shift all logits of a query alike, which a softmax does not see: there is none.

    init "identity" [U]: all four matrices start at identity, the queries' times `gain`, so that the attended vector
    starts as the mean of the tokens weighted by their similarity to the query. "xavier": as in Query2Label. [R]
    """

    def __init__(self, dim: int, heads: int, dropout: float, init: Literal["identity", "xavier"], gain: float = 1.0):
        super().__init__()
        if dim % heads:
            raise ValueError(f"{heads} heads do not divide a dimension of {dim}")
        self.heads = heads
        self.query, self.value, self.out = (nn.Linear(dim, dim) for _ in range(3))
        self.key = nn.Linear(dim, dim, bias=False)
        self.dropout = nn.Dropout(dropout)
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.eye_(linear.weight) if init == "identity" else nn.init.xavier_uniform_(linear.weight)
            if linear.bias is not None:
                nn.init.zeros_(linear.bias)
        if init == "identity":
            with torch.no_grad():
                self.query.weight.mul_(gain)

    def forward(self, queries: Tensor, tokens: Tensor, position: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Queries (C, D) or (B, C, D), tokens (B, HW, D), position (HW, D) of the keys -> (B, C, D), map (B, C, HW).

        The map is the mean over heads, before dropout; its rows sum to 1.
        """
        weights = self._logits(queries, tokens, position).softmax(dim=-2)  # (B, HW, heads * C)
        found = (self.dropout(weights).mT @ tokens).unflatten(1, (self.heads, -1))  # (B, heads, C, D)
        values = torch.einsum("bhcd,hed->bche", found, self._by_head(self.value.weight)).flatten(2) + self.value.bias
        return self.out(values), weights.unflatten(-1, (self.heads, -1)).mean(dim=-2).mT

    def _logits(self, queries: Tensor, tokens: Tensor, position: Tensor | None) -> Tensor:
        q = self.query(queries).unflatten(-1, (self.heads, -1)).transpose(-3, -2)  # (..., heads, C, D / heads)
        wanted = (q / math.sqrt(q.shape[-1]) @ self._by_head(self.key.weight)).flatten(-3, -2)
        logits = tokens @ wanted.mT
        return logits if position is None else logits + position @ wanted.mT

    def _by_head(self, weight: Tensor) -> Tensor:
        """(D, D) -> (heads, D / heads, D)."""
        return weight.unflatten(0, (self.heads, -1))
