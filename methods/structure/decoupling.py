"""Semantic decoupling (Chen et al., ICCV 2019): attention of each class's word over the tokens."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

PRODUCTS_AT_ONCE = 2**18
"""Products computed at once, B HW K for each class of a chunk: 1 MiB in float32, which stays in a core's cache (two to
six times as fast as 16 MiB). The chunks depend on shapes alone, so results do not depend on memory."""

PRODUCTS_KEPT = 2**28
"""Chunks that hold more products than this together (1 GiB) are computed again for the gradient."""


def coefficients(tokens: Tensor, words: Tensor, weight: Tensor) -> Tensor:
    """(B, C, T) of sum_k weight_k tanh(tokens[b, t, k] words[c, k]) for tokens (B, T, K), words (C, K), weight (K,).

    The products (B, C, T, K) never stand in memory together.
    """
    if torch.compiler.is_compiling():  # a size of chunks would fix the number of images in an exported graph
        return _chunk(tokens, words, weight)
    per_class = tokens.numel()
    classes = max(1, PRODUCTS_AT_ONCE // max(per_class, 1))
    again = per_class * len(words) > PRODUCTS_KEPT and torch.is_grad_enabled()
    parts = []
    for chunk in words.split(classes):
        if again:
            parts.append(checkpoint(_chunk, tokens, chunk, weight, use_reentrant=False, preserve_rng_state=False))
        else:
            parts.append(_chunk(tokens, chunk, weight))
    return torch.cat(parts, dim=1)


def _chunk(tokens: Tensor, words: Tensor, weight: Tensor) -> Tensor:
    return (tokens[:, None] * words[:, None]).tanh() @ weight


class SemanticDecoupling(nn.Module):
    """For tokens x (B, T, F) and words g (C, W), features f (B, C, F):

    e[c, t] = w4 . W3 tanh(W1 x_t * W2 g_c);  f_c = sum_t softmax_t(e[c, t]) x_t

    W3 (K x K) and w4 (1 x K) follow each other without anything between, so their product, one vector of K, is applied
    once: the same numbers and the same gradients as position by position. Their biases shift all positions alike, which
    a softmax does not see: there are none.
    """

    def __init__(self, dim: int, word_dim: int, hidden: int):
        super().__init__()
        self.token = nn.Linear(dim, hidden, bias=False)
        self.word = nn.Linear(word_dim, hidden, bias=False)
        self.mix = nn.Linear(hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)

    def forward(self, tokens: Tensor, words: Tensor) -> Tensor:
        return self.attention(tokens, words) @ tokens

    def attention(self, tokens: Tensor, words: Tensor) -> Tensor:
        """(B, C, T), rows sum to 1."""
        token, word = self.token(tokens), self.word(words)
        with torch.autocast(tokens.device.type, enabled=False):
            weight = (self.score.weight @ self.mix.weight)[0]
            return coefficients(token.float(), word.float(), weight).softmax(dim=-1)
