"""Token dropout: a strong view made of cached features."""

import torch
from torch import Tensor, nn


class TokenDropout(nn.Dropout):
    """Tokens (B, T, D) with a random share `p` of them left out of each image, the rest in random order.

    Each image keeps round((1 - p) T), at least one. Nothing happens in evaluation.
    """

    def forward(self, tokens: Tensor) -> Tensor:
        images, length, dim = tokens.shape
        kept = max(1, round((1 - self.p) * length))
        if not self.training or kept == length:
            return tokens
        chosen = torch.rand(images, length, device=tokens.device).argsort(dim=1)[:, :kept]
        return tokens.gather(1, chosen[..., None].expand(-1, -1, dim))
