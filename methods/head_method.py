"""Base of methods that train one head on frozen features with a loss of its logits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from bench.settings.config import setting
from methods.base import Batch, Features, Method, Task
from methods.layers.bias import BiasConfig, start_bias
from methods.layers.heads import ClassAttentionHead, LinearHead, MLPHead


@dataclass(frozen=True, kw_only=True)
class HeadConfig(BiasConfig):
    """The head that is trained. The default reads the same dense tokens as the text-pixel methods do."""

    head: Literal["attention", "linear", "mlp"] = setting(
        "attention", "attention: a learned attention per class over the tokens; linear and mlp read one vector"
    )
    pool: Literal["mean", "clip"] = setting("mean", "that vector: the mean of the tokens, or CLIP's pooled vector")
    hidden: int = setting(512, "hidden units of mlp", ge=1)


class LogitMethod(Method):
    """A method that scores with the logits it trains: subclasses give `logits` and `objective`."""

    def logits(self, features: Features) -> Tensor:
        """Logits (B, C)."""
        raise NotImplementedError

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        """The loss, a scalar, of logits (B, C) given the batch's observed labels."""
        raise NotImplementedError

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {f"loss_{self.name}": self.objective(self.logits(batch.features), batch)}

    def scorer(self) -> Callable[[Features], Tensor]:
        @torch.no_grad()
        def score(features: Features) -> Tensor:
            return self.logits(features).float()

        return score


class HeadMethod(LogitMethod):
    """A head on frozen features, trained with `objective`: subclasses say what the loss of its logits is.

    logit_c = b_c + sum_t softmax_t(q_c . x_t) w_c . x_t over the tokens x_t (attention); b_c + w_c . x (linear);
    W2 relu(W1 x + b1) + b2 (mlp).
    """

    family = "losses"
    Config = HeadConfig
    config: HeadConfig

    def __init__(self, config: HeadConfig, task: Task):
        super().__init__(config, task)
        self.head: ClassAttentionHead | LinearHead | MLPHead
        match config.head:
            case "attention":
                self.head = ClassAttentionHead(task.dim, task.num_classes)
            case "linear":
                self.head = LinearHead(task.dim, task.num_classes)
            case "mlp":
                self.head = MLPHead(task.dim, task.num_classes, config.hidden)
        start_bias(self.head.bias, config, task.observed)

    @classmethod
    def needs_table(cls, config: HeadConfig) -> bool:
        return super().needs_table(config) or config.bias_init == "prior"

    @classmethod
    def needs_dense(cls, config: HeadConfig) -> bool:
        return config.head == "attention" or config.pool == "mean"

    def logits(self, features: Features, head: nn.Module | None = None) -> Tensor:
        """Logits (B, C), of another head of the same kind if one is given."""
        inputs = features.dense
        if self.config.head != "attention":
            inputs = features.pooled if self.config.pool == "clip" else features.dense.mean(dim=1)
        logits: Tensor = (head or self.head)(inputs)
        return logits

    @torch.no_grad()
    def attention(self, features: Features) -> Tensor | None:
        """softmax_t(q_c . x_t) with head=attention: (B, C, HW)."""
        return self.head.attention(features.dense) if isinstance(self.head, ClassAttentionHead) else None
