"""all-MiniLM-L6-v2, a BERT of six layers that reads both ways, as a text tower for prompts."""

from collections.abc import Sequence
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from bench.backbones.base import TextEncoder, Tokens
from bench.backbones.checkpoint import a_checkpoint_of
from bench.backbones.lite2_minilm.weights import MINILM, TOKENIZER
from bench.errors import DataError

BERT_WIDTH, BERT_LAYERS, BERT_HEADS, BERT_HIDDEN, BERT_EPS = 384, 6, 12, 1536, 1e-12
BERT_VOCABULARY, LONGEST_TEXT = 30_522, 256
"""256: the longest text that its authors' code passes on, though it has positions for 512."""


class MiniLM(TextEncoder):
    """The mean of the last states of all tokens up to the end, at unit length, minus `centre` (D,).

    Tokens behind the end are masked everywhere, so padding changes nothing. `ids` begin with [CLS], end with [SEP].
    """

    centre: Tensor

    def __init__(self, centre: Tensor):
        super().__init__()
        self.width = self.dim = BERT_WIDTH
        self.context = LONGEST_TEXT
        self.words = nn.Embedding(BERT_VOCABULARY, BERT_WIDTH)
        self.positions = nn.Embedding(512, BERT_WIDTH)
        self.types = nn.Embedding(2, BERT_WIDTH)
        self.norm = nn.LayerNorm(BERT_WIDTH, eps=BERT_EPS)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                BERT_WIDTH,
                BERT_HEADS,
                BERT_HIDDEN,
                dropout=0.0,
                activation="gelu",
                layer_norm_eps=BERT_EPS,
                batch_first=True,
            )
            for _ in range(BERT_LAYERS)
        )
        self.register_buffer("centre", centre)
        self._tokenizer = _tokenizer()

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for text, row in zip(texts, rows, strict=True):
            if len(row) > self.context:
                raise DataError(f"the prompt {text!r} is longer than the tower's {self.context} tokens; shorten it.")
        ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
        return Tokens(ids, torch.tensor([len(row) - 1 for row in rows]))

    def embed(self, ids: Tensor) -> Tensor:
        return self.words(ids)

    def forward(self, embedded: Tensor, end: Tensor) -> Tensor:
        length = embedded.shape[1]
        if length > self.context:
            raise DataError(f"a prompt of {length} tokens does not fit into {self.context}; use fewer context tokens.")
        absent = torch.arange(length, device=embedded.device) > end[:, None]
        x = self.norm(embedded + self.positions.weight[:length] + self.types.weight[0])
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=absent)
        present = (~absent).to(x.dtype)[..., None]
        mean = (x * present).sum(dim=1) / present.sum(dim=1)
        return F.normalize(mean.float(), dim=-1) - self.centre


def load_minilm(centre: Tensor) -> MiniLM:
    """The packaged weights: float32, in eval mode, no parameter asking for a gradient."""
    tower = MiniLM(centre)
    state = load_file(MINILM.checked())
    with a_checkpoint_of("all-MiniLM-L6-v2", MINILM.inside, "install the pinned package anew"):
        tower.load_state_dict({**_translated(state), "centre": centre}, strict=True)
    tower.word_std = float(tower.words.weight.detach().std())
    return tower.float().eval().requires_grad_(False)


def _translated(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """BERT's tensors by this module's names; its pooler, which a mean does not read, is left out."""
    embeddings = "embeddings.{}_embeddings.weight"
    new = {
        "words.weight": state[embeddings.format("word")],
        "positions.weight": state[embeddings.format("position")],
        "types.weight": state[embeddings.format("token_type")],
        "norm.weight": state["embeddings.LayerNorm.weight"],
        "norm.bias": state["embeddings.LayerNorm.bias"],
    }
    names = {
        "self_attn.out_proj": "attention.output.dense",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm1": "attention.output.LayerNorm",
        "norm2": "output.LayerNorm",
    }
    for layer in range(BERT_LAYERS):
        old, own = f"encoder.layer.{layer}", f"layers.{layer}"
        for kind in ("weight", "bias"):
            parts = [state[f"{old}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            new[f"{own}.self_attn.in_proj_{kind}"] = torch.cat(parts)
            new |= {f"{own}.{name}.{kind}": state[f"{old}.{bert}.{kind}"] for name, bert in names.items()}
    return new


def _tokenizer() -> Any:
    from tokenizers import Tokenizer  # comes with the extra that brings the weights

    tokenizer = Tokenizer.from_file(str(TOKENIZER.checked()))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
