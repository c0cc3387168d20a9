"""Query2Label: a learned query of each class attends to the tokens in a transformer decoder."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.asymmetric_config import AsymmetricConfig
from methods.base import METHODS, Batch, Features, Task
from methods.head_method import LogitMethod
from methods.layers.attention import DecoderLayer, EncoderLayer, SelfAttention
from methods.layers.bias import BiasConfig, start_bias
from methods.layers.heads import unit
from methods.layers.position import sine_position
from methods.losses import Reduction
from methods.parts import FOCUSING, Part


@dataclass(frozen=True, kw_only=True)
class Query2LabelConfig(BiasConfig, AsymmetricConfig):
    """Defaults: the official loss and depth; width and optimiser for frozen features on a CPU."""

    hidden: int = setting(128, "width of the transformer; 0: the features' own, without a projection", ge=0)
    ffn: int = setting(4, "width of the feed-forward parts, in multiples of hidden", ge=1)
    heads: int = setting(4, "attention heads", ge=1)
    encoder_layers: int = setting(1, "self-attention layers over the tokens", ge=0)
    decoder_layers: int = setting(2, "layers in which the queries look over the tokens", ge=1)
    self_attention: bool = setting(False, "queries also see each other, from the second decoder layer on")
    dropout: float = setting(0.1, "dropout in all layers", ge=0, lt=1, search=uniform(0, 0.5))
    gamma_pos: float = setting(0.0, "focusing exponent of positives", ge=0)
    gamma_neg: float = setting(2.0, "focusing exponent of negatives", ge=0)
    clip: float = setting(0.0, "probability shift of negatives", ge=0, lt=1)
    reduction: Reduction = setting("mean/known", "what the summed loss is divided by; officially B C (mean)")
    loss_weight: float = setting(
        1.0, "factor on the loss; officially 1000, which only clipping and AMP would see", gt=0
    )
    lr: float = setting(3e-4, "base learning rate", gt=0, search=log_float(1e-4, 1e-2))

    def __post_init__(self) -> None:
        if self.hidden % self.heads or self.hidden % 4:
            raise ValueError(
                f"hidden = {self.hidden} must be a multiple of heads = {self.heads} and of 4 (for positions)"
            )


class QueryDecoder(nn.Module):
    """Logits (B, C) of tokens (B, HW, D).

    x = P unit(tokens) (P: D -> hidden, or nothing); encoder layers with the 2-D sine code on queries and keys;
    decoder layers in which C learned queries, starting from a state of zero, look over the tokens (code on the keys);
    layer norm; logit_c = <w_c, state_c> + b_c.
    """

    position: Tensor

    def __init__(
        self,
        dim: int,
        num_classes: int,
        grid: tuple[int, int],
        *,
        hidden: int,
        ffn: int,
        heads: int,
        encoder_layers: int,
        decoder_layers: int,
        self_attention: bool,
        dropout: float,
    ):
        """hidden: the width; 0 for the tokens' own, without a projection. ffn: in multiples of the width."""
        super().__init__()
        self.project = nn.Linear(dim, hidden) if hidden else nn.Identity()
        hidden = hidden or dim
        self.register_buffer("position", sine_position(grid, hidden), persistent=False)
        self.encoder = nn.ModuleList(EncoderLayer(hidden, heads, ffn * hidden, dropout) for _ in range(encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(hidden, heads, ffn * hidden, dropout) for _ in range(decoder_layers))
        between = decoder_layers - 1 if self_attention else 0
        self.self_attention = nn.ModuleList(SelfAttention(hidden, heads, dropout) for _ in range(between))
        self.norm_self_attention = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(between))
        self.dropout = nn.Dropout(dropout)
        self.queries = nn.Parameter(torch.randn(num_classes, hidden))
        self.norm = nn.LayerNorm(hidden)
        self.weight = nn.Parameter(torch.empty(num_classes, hidden).uniform_(-1, 1) / hidden**0.5)
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.classify(self.look(tokens)[0])

    def classify(self, states: Tensor) -> Tensor:
        """Logits (B, C) of states (B, C, hidden) of the queries."""
        logits: Tensor = (self.norm(states) * self.weight).sum(dim=-1) + self.bias
        return logits

    def look(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, C, hidden) of the queries, and where the last layer looks (B, C, HW)."""
        x = self.project(unit(tokens))
        for layer in self.encoder:
            x = layer(x, self.position)
        state: Tensor | None = None
        attention = tokens.new_empty(0)
        for depth, layer in enumerate(self.decoder):
            if state is not None and len(self.self_attention):
                attended = self.self_attention[depth - 1](state, self.queries)
                state = self.norm_self_attention[depth - 1](state + self.dropout(attended))
            state, attention = layer(state, self.queries, x, self.position)
        assert state is not None, "there is at least one decoder layer"
        return state, attention


@METHODS.register("query2label")
class Query2Label(LogitMethod):
    """Query2Label (Liu et al., 2021): class queries in a transformer decoder over the tokens, with ASL.

    logit_c = w_c . LN(decoder(q_c; encoder(tokens))) + b_c
    loss = ASL(logit, label; gamma+ 0, gamma- 2, clip 0) averaged over the known labels of the batch

    The official loss divides by B C and multiplies by 1000; with labels missing, B C would make images with few known
    labels count less, so the number of known labels takes its place (reduction=mean is the official one).
    """

    Config = Query2LabelConfig
    family = "queries"
    reference = "Liu et al., Query2Label: A Simple Transformer Way to Multi-Label Classification, arXiv 2107.10834"
    equation = "logit_c = w_c . decoder(query_c; encoder(tokens)) + b_c; ASL over the known labels"
    defaults_from = "official code: layers, heads, loss; width, epochs and rate ours, for frozen features"
    note = "the decoder on frozen tokens at unit length; the paper trains the backbone with it"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "hidden": 0,  # ResNet-101's 2048 channels go in as they are; feed-forward 8192
            "loss_weight": 1000.0,
            "epochs": 80,
            "batch_size": 128,
            "lr": 1e-4,
            "weight_decay": 1e-2,
            "schedule": "onecycle",
            "ema": 0.9997,
        }
    }
    switches: ClassVar[dict[str, Part]] = {
        "encoder": Part({"encoder_layers": 0}, what="self-attention among the tokens, before the queries look"),
        "focusing": FOCUSING,
    }

    config: Query2LabelConfig

    def __init__(self, config: Query2LabelConfig, task: Task):
        super().__init__(config, task)
        self.head = QueryDecoder(
            task.dim,
            task.num_classes,
            task.grid,
            hidden=config.hidden,
            ffn=config.ffn,
            heads=config.heads,
            encoder_layers=config.encoder_layers,
            decoder_layers=config.decoder_layers,
            self_attention=config.self_attention,
            dropout=config.dropout,
        )
        start_bias(self.head.bias, config, task.observed)

    def logits(self, features: Features) -> Tensor:
        logits: Tensor = self.head(features.dense)
        return logits

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return self.config.objective(logits, batch.labels, eps=1e-5)

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t of query and key in the last decoder layer, mean over heads: (B, C, HW).

        Encoder layers have mixed the tokens by then, so that a position stands for more than itself.
        """
        return self.head.look(features.dense)[1]
