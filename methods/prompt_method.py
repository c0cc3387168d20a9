"""Base of methods that match learned texts with the image and train with the asymmetric loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from bench.settings.config import choice, log_float, setting
from methods.asymmetric_config import AsymmetricConfig
from methods.base import Batch, Features, Method, MethodConfig


@dataclass(frozen=True, kw_only=True)
class CoOpTraining(MethodConfig):
    """The optimiser of CoOp and its relatives."""

    optimizer: Literal["sgd", "adam", "adamw"] = setting("sgd", "optimiser (SGD has momentum 0.9)")
    weight_decay: float = setting(
        5e-4, "weight decay (decoupled with adamw, L2 otherwise)", ge=0, search=log_float(1e-5, 1e-1)
    )
    schedule: Literal["constant", "cosine", "dassl_cosine", "onecycle"] = setting(
        "dassl_cosine", "CoOp's: one epoch at 1e-5, then cosine per epoch"
    )


@dataclass(frozen=True, kw_only=True)
class MatchConfig(CoOpTraining, AsymmetricConfig):
    """Loss and optimiser. Defaults: those that TaI-DPT's code and its relatives share."""

    epochs: int = setting(50, "training epochs", ge=0)
    batch_size: int = setting(64, "images in a batch", ge=1)
    lr: float = setting(2e-3, "base learning rate", gt=0, search=log_float(5e-4, 1e-1))


@dataclass(frozen=True, kw_only=True)
class PromptConfig(MatchConfig):
    """The contexts of learned prompts; defaults as in CoOp and DualCoOp."""

    n_ctx: int = setting(
        16, "learned context vectors in each prompt", ge=1, search=choice(4, 8, 16), decided_by="ctx_init"
    )
    class_specific: bool = setting(True, "contexts for each class, instead of one shared set (better with few labels)")
    ctx_init: str = setting(
        "",
        "words that contexts start from, such as 'a photo of a' with n_ctx=4; empty: noise of the words' own scale",
        added_later=True,
    )


class MatchMethod(Method):
    """Learned vectors matched with the image, trained with the asymmetric loss: subclasses give `texts` and `match`.

    eps: the smallest probability that the loss takes a logarithm of.
    """

    family = "prompts"
    Config = MatchConfig
    text = True
    eps: ClassVar[float] = 1e-8
    config: MatchConfig

    def texts(self) -> tuple[Tensor, ...]:
        """Text features (C, D) each, all from one pass through the tower."""
        raise NotImplementedError

    def match(self, features: Features, *texts: Tensor) -> Tensor:
        """Logits (B, C)."""
        raise NotImplementedError

    def objective(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss, a scalar, of logits and observed labels (B, C)."""
        return self.config.objective(logits, labels, eps=self.eps)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss_asl": self.objective(self.match(batch.features, *self.texts()), batch.labels)}

    @torch.no_grad()
    def scorer(self) -> Callable[[Features], Tensor]:
        texts = self.texts()

        @torch.no_grad()
        def score(features: Features) -> Tensor:
            return self.match(features, *texts).float()

        return score
