"""CLSL's head: class words woven into the tokens of an image, and two ways from tokens to logits."""

import torch
from torch import Tensor, nn

from methods.layers.attention import EncoderLayer
from methods.layers.heads import unit
from methods.layers.position import sine_position


class SemanticTokens(nn.Module):
    """Two logits (B, C) each of tokens (B, HW, D).

    x: one encoder layer over P unit(tokens), P: D -> F, with the 2-D sine code on queries and keys
    v_c = MLP([word_c ; mean_t x_t]), batch normalisation over all B C of them and GELU between its layers
    a_tc = u . tanh(W1 x_t * W2 v_c), softmax over c;  f_t = [sum_c a_tc v_c ; x_t]
    s_t = W4 Drop(GELU(W3 f_t)), C numbers;  fused_c = sum_t softmax_t(s_tc) s_tc;  salient_c = max_t (W5 x_t)_c

    The released attention maps tanh to its width before it takes <u, .>, with biases: two linear maps in a row, which
    are one, and a bias that the softmax over classes does not see.
    """

    words: Tensor
    position: Tensor

    def __init__(
        self, dim: int, words: Tensor, grid: tuple[int, int], *, hidden: int, heads: int, attention: int, dropout: float
    ):
        """words: (C, W), a vector for each class. hidden: F; attention: units of tanh."""
        super().__init__()
        classes, width = words.shape
        self.register_buffer("words", words, persistent=False)
        self.register_buffer("position", sine_position(grid, hidden), persistent=False)
        self.project = nn.Linear(dim, hidden)
        self.encoder = EncoderLayer(hidden, heads, hidden, dropout / 5)
        self.join = nn.Linear(width + hidden, hidden, bias=False)  # batch normalisation takes a bias out again
        self.norm = nn.BatchNorm1d(hidden)
        self.meaning = nn.Linear(hidden, hidden)
        self.token_key, self.class_key = nn.Linear(hidden, attention), nn.Linear(hidden, attention)
        self.energy = nn.Linear(attention, 1, bias=False)
        self.widen, self.narrow = nn.Linear(2 * hidden, 2 * hidden), nn.Linear(2 * hidden, classes)
        self.dropout = nn.Dropout(dropout)
        self.salient = nn.Linear(hidden, classes)

    def forward(self, dense: Tensor) -> tuple[Tensor, Tensor]:
        """fused and salient logits."""
        x = self._tokens(dense)
        fused = self._fused_maps(x)
        return (fused.softmax(dim=1) * fused).sum(dim=1), self.salient(x).amax(dim=1)

    def attention(self, dense: Tensor) -> Tensor:
        """softmax_t(s_tc), (B, C, HW)."""
        return self._fused_maps(self._tokens(dense)).softmax(dim=1).mT

    def _tokens(self, dense: Tensor) -> Tensor:
        tokens: Tensor = self.encoder(self.project(unit(dense)), self.position)
        return tokens

    def _fused_maps(self, x: Tensor) -> Tensor:
        meanings = self._meanings(x.mean(dim=1))
        mixed = torch.tanh(self.token_key(x)[:, :, None] * self.class_key(meanings)[:, None])  # (B, HW, C, units)
        shares = self.energy(mixed)[..., 0].softmax(dim=-1)
        joined = torch.cat([shares @ meanings, x], dim=-1)
        maps: Tensor = self.narrow(self.dropout(nn.functional.gelu(self.widen(joined))))
        return maps.float()

    def _meanings(self, mean: Tensor) -> Tensor:
        """v, (B, C, F)."""
        images, classes = mean.shape[0], len(self.words)  # len(mean) would fix the batch in an exported graph
        pairs = torch.cat(
            [self.words.expand(images, -1, -1), mean[:, None].expand(-1, classes, -1).to(self.words)], dim=-1
        )
        joined = self.norm(self.join(pairs).flatten(0, 1)).view(images, classes, -1)
        meanings: Tensor = self.meaning(nn.functional.gelu(joined))
        return meanings
