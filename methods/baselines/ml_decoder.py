"""ML-Decoder: fixed random queries attend to the tokens, and each stands for a group of classes."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.asymmetric_config import AsymmetricConfig
from methods.base import METHODS, Batch, Features, Task
from methods.head_method import LogitMethod
from methods.layers.attention import DecoderLayer
from methods.layers.bias import BiasConfig, start_bias
from methods.layers.heads import unit
from methods.losses import Reduction
from methods.parts import FOCUSING, SHIFT, Part


@dataclass(frozen=True, kw_only=True)
class MLDecoderConfig(BiasConfig, AsymmetricConfig):
    """Defaults: the official loss and number of queries; width and optimiser for frozen features on a CPU."""

    hidden: int = setting(256, "width of the decoder", ge=1)
    ffn: int = setting(1024, "width of its feed-forward part", ge=1)
    heads: int = setting(8, "attention heads", ge=1)
    queries: int = setting(100, "largest number of queries; with more classes each query answers for a group", ge=1)
    dropout: float = setting(0.1, "dropout", ge=0, lt=1, search=uniform(0, 0.5))
    gamma_pos: float = setting(0.0, "focusing exponent of positives", ge=0)
    gamma_neg: float = setting(4.0, "focusing exponent of negatives", ge=0, search=uniform(0, 5))
    clip: float = setting(0.05, "probability shift of negatives", ge=0, lt=1)
    reduction: Reduction = setting("mean/known", "what the summed loss is divided by; officially nothing (sum)")
    lr: float = setting(3e-4, "base learning rate", gt=0, search=log_float(1e-4, 1e-2))

    def __post_init__(self) -> None:
        if self.hidden % self.heads:
            raise ValueError(f"hidden = {self.hidden} must be a multiple of heads = {self.heads}")


class GroupDecoder(nn.Module):
    """Logits (B, C) of tokens (B, HW, D) from Q = min(queries, C) fixed random queries.

    x = relu(P unit(tokens)); s = LN(q + Drop(q)); s = LN(s + Drop(MHA(s, x))); s = LN(s + FFN(s)), without positions.
    Class c belongs to query c // g with g = ceil(C / Q): logit_c = <w_c, s of its query> + b_c.
    """

    queries: Tensor

    def __init__(self, dim: int, num_classes: int, *, hidden: int, ffn: int, heads: int, queries: int, dropout: float):
        super().__init__()
        count = min(queries, num_classes)
        self.group = -(-num_classes // count)
        self.project = nn.Linear(dim, hidden)
        self.register_buffer("queries", torch.randn(count, hidden))
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(hidden)
        self.decoder = DecoderLayer(hidden, heads, ffn, dropout)
        # A group's matrix is hidden x group, laid out class by class; xavier_normal by a group's own fans. (Officially
        # by those of the tensor of all groups: 0.96 of this spread with 20 classes, 0.4 with 500.)
        self.weight = nn.Parameter(torch.randn(num_classes, hidden) * (2 / (hidden + self.group)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, tokens: Tensor) -> Tensor:
        state, _ = self.look(tokens)
        return (state * self.weight).sum(dim=-1) + self.bias

    def look(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Each class's state (B, C, hidden), and where its query looks (B, C, HW)."""
        x = self.project(unit(tokens)).relu()
        queries = self.norm(self.queries + self.dropout(self.queries))
        state, attention = self.decoder(queries, None, x, None)
        state, attention = (
            part.repeat_interleave(self.group, dim=1)[:, : len(self.weight)] for part in (state, attention)
        )
        return state, attention


@METHODS.register("ml_decoder")
class MLDecoder(LogitMethod):
    """ML-Decoder (Ridnik et al., WACV 2023): fixed random queries, one decoder layer, group-wise classifiers, with ASL.

    logit_c = w_c . decoder(q_group(c); relu(P tokens)) + b_c
    loss = ASL(logit, label; gamma+ 0, gamma- 4, clip 0.05) averaged over the known labels of the batch

    The official loss is a sum, which makes batches with few known labels count less; here the mean over known labels
    takes its place (reduction=sum is the official one).
    """

    Config = MLDecoderConfig
    family = "queries"
    reference = "Ridnik et al., ML-Decoder: Scalable and Versatile Classification Head, WACV 2023"
    equation = "logit_c = w_c . decoder(fixed query of c's group; relu(P tokens)) + b_c; ASL over the known labels"
    defaults_from = "official code: queries, heads, loss; width, epochs and rate ours, for frozen features"
    note = "the decoder on frozen tokens at unit length; the paper trains a TResNet with it"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "hidden": 768,
            "ffn": 2048,
            "reduction": "sum",
            "epochs": 40,
            "batch_size": 56,
            "optimizer": "adam",
            "lr": 1e-4,
            "weight_decay": 1e-4,
            "schedule": "onecycle",
            "ema": 0.9997,
        }
    }
    switches: ClassVar[dict[str, Part]] = {"focusing": FOCUSING, "shift": SHIFT}

    config: MLDecoderConfig

    def __init__(self, config: MLDecoderConfig, task: Task):
        super().__init__(config, task)
        self.head = GroupDecoder(
            task.dim,
            task.num_classes,
            hidden=config.hidden,
            ffn=config.ffn,
            heads=config.heads,
            queries=config.queries,
            dropout=config.dropout,
        )
        start_bias(self.head.bias, config, task.observed)

    def logits(self, features: Features) -> Tensor:
        logits: Tensor = self.head(features.dense)
        return logits

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return self.config.objective(logits, batch.labels)

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor:
        """softmax_t of the group's query and keys, mean over heads; classes of one group share a map: (B, C, HW)."""
        return self.head.look(features.dense)[1]
