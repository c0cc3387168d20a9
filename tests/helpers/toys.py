"""Toy methods: small, fast, and each with one property that a test of the core needs."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.settings.config import setting
from helpers.trainings import Relabelled
from methods import Batch, Features, Method, MethodConfig, Task

TOYS: dict[str, type[Method]] = {}


def toy(cls: type[Method]) -> type[Method]:
    cls.name = f"toy_{cls.__name__.lower()}"
    TOYS[cls.name] = cls
    return cls


@dataclass(frozen=True, kw_only=True)
class ToyConfig(MethodConfig):
    epochs: int = setting(4, "training epochs", ge=0)
    batch_size: int = setting(50, "images in a batch", ge=1)
    ema: float = setting(0.9, "decay of the weight average", ge=0, lt=1)
    dropout: float = setting(0.5, "dropout on the pooled vector", ge=0, lt=1)


@toy
class Linear(Method):
    """A linear head with dropout: draws from the global random state in every step."""

    Config = ToyConfig

    def __init__(self, config: Any, task: Task):
        super().__init__(config, task)
        self.head = nn.Linear(task.dim, task.num_classes)
        self.dropout = nn.Dropout(config.dropout)

    def logits(self, features: Features) -> Tensor:
        return self.head(self.dropout(F.normalize(features.pooled, dim=-1)))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        known = batch.labels != 0
        terms = F.binary_cross_entropy_with_logits(self.logits(batch.features), (batch.labels > 0).float(), known)
        return {"loss_toy": terms}

    def scorer(self) -> Callable[[Features], Tensor]:
        torch.rand(3)  # as a careless method does: evaluation must leave no trace in training
        return torch.no_grad()(self.logits)


@toy
class Buffered(Linear):
    """Scores with a running mean that training fills: its state is a buffer."""

    def __init__(self, config: Any, task: Task):
        super().__init__(config, task)
        self.register_buffer("mean", torch.zeros(task.dim))

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        self.mean.lerp_(batch.features.pooled.mean(dim=0), 0.1)
        return super().loss(batch)

    def logits(self, features: Features) -> Tensor:
        return super().logits(features._replace(pooled=features.pooled - self.mean))


@toy
class Forgetful(Linear):
    """Keeps state in a plain attribute, which no checkpoint holds: a resumed run must differ."""

    steps = 0

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        self.steps += 1
        return {"loss_toy": super().loss(batch)["loss_toy"] * self.steps}


@toy
class Peeking(Linear):
    """Reads the full labels through a side door: the leak that the leak test must see."""

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        full = torch.from_numpy(np.array(Relabelled.newest.train.labels))
        return super().loss(batch._replace(labels=full[batch.rows]))


@toy
class Refusing(Linear):
    """Raises in its second epoch while `broken` is set."""

    broken = True

    def start_epoch(self, epoch: int) -> None:
        if epoch == 1 and self.broken:
            raise RuntimeError("the toy refuses [/on purpose]\nwith a second line")


@toy
class Swallowing(Linear):
    """Ctrl-C comes in its second epoch, and code like a library's takes it for an error of its own."""

    def start_epoch(self, epoch: int) -> None:
        if epoch == 1:
            try:
                signal.raise_signal(signal.SIGINT)
            except BaseException as error:
                raise SyntaxError("please check the configuration") from error


@toy
class Diverging(Linear):
    """Its loss is not a number."""

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss_toy": super().loss(batch)["loss_toy"] * float("nan")}
