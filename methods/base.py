"""The contract between the harness and a method.

A method sees a `Task` (names, text tower, sizes, the observed labels) and batches of frozen features with
observed labels. It never sees a hidden label: what the protocol hid is not in anything handed over here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from mmengine.model import BaseModel
from torch import Tensor

from bench.backbones.base import TextEncoder
from bench.config import setting
from bench.registry import Registry

METHODS: Registry[type["Method"]] = Registry("method", packages=("methods.baselines", "methods"))


class Features(NamedTuple):
    """Frozen features of B images: dense (B, HW, D) float32 tokens, not normalised; pooled (B, D) float32."""

    dense: Tensor
    pooled: Tensor


class Batch(NamedTuple):
    """A training batch: features, observed labels int8 (B, C) in {-1, 0, +1}, and the images' rows (B,)."""

    features: Features
    labels: Tensor
    rows: Tensor


@dataclass(frozen=True)
class Task:
    """What a method may know before it sees a batch; shared by all models built on it and never changed.

    observed: int8 (N, C), the training labels as the protocol left them.
    position: (1 + HW, D), the projected positional embedding (see `Backbone.position`).
    """

    class_names: tuple[str, ...]
    grid: tuple[int, int]
    dim: int
    logit_scale: float
    position: Tensor
    text: TextEncoder
    observed: Tensor

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def __deepcopy__(self, memo: dict) -> "Task":
        return self  # frozen, and the text tower is large: EMA copies of a model share it


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """What every trained method can set; a method's config adds its own fields and changes the defaults."""

    epochs: int = setting(20, "training epochs", ge=0)
    batch_size: int = setting(64, "images in a batch", ge=1)
    optimizer: Literal["sgd", "adam", "adamw"] = setting("adamw", "optimiser (SGD has momentum 0.9)")
    lr: float = setting(1e-3, "base learning rate", gt=0)
    weight_decay: float = setting(1e-2, "weight decay (decoupled with adamw, L2 otherwise)", ge=0)
    schedule: Literal["constant", "cosine", "dassl_cosine", "onecycle"] = setting(
        "onecycle",
        "cosine (to 0) and onecycle (20 % rise) step per iteration; dassl_cosine is CoOp's: one epoch at 1e-5, "
        "then cosine per epoch",
    )
    clip_grad: float = setting(0.0, "largest norm of the gradient; 0 does not clip", ge=0)
    ema: float = setting(0.0, "decay of the weight average that is evaluated; 0: plain weights", ge=0, lt=1)
    amp: bool = setting(True, "half-precision forward passes on a GPU; never on a CPU")


class Method(BaseModel):
    """Base of all methods.

    labels: which labels it learns from: "observed" ones, all of them ("full": a ceiling), or "none" (no training).
    reference: the paper, or what stands in its place. note: what a reader of its numbers must know.
    flags: words that every table sets beside its numbers, such as "reconstruction".
    recipes: named settings from papers, each a dict of config fields; "paper" is used where it exists and nothing
    else is asked for.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    Config: ClassVar[type[MethodConfig]] = MethodConfig
    labels: ClassVar[Literal["observed", "full", "none"]] = "observed"
    reference: ClassVar[str] = ""
    note: ClassVar[str] = ""
    flags: ClassVar[tuple[str, ...]] = ()
    recipes: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, config: Any, task: Task):
        super().__init__()
        self.config = config
        self.task = task

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Scalars by name; MMEngine sums those whose name holds "loss"."""
        raise NotImplementedError

    def scorer(self) -> Callable[[Features], Tensor]:
        """A function from features of B images to logits (B, C), larger = more likely present.

        Whatever does not depend on the images (text features) is computed once, here.
        """
        raise NotImplementedError

    def start_epoch(self, epoch: int) -> None:
        """Called before each training epoch, counted from 0; for schedules inside a method."""

    @classmethod
    def refuses(cls, protocol: str) -> str:
        """Why this method cannot run under `protocol` (shown in the table), or "" if it can."""
        return ""

    @classmethod
    def needs_dense(cls, config: Any) -> bool:
        """Whether the tokens are read at all; if not, batches come with `dense` of shape (B, 0, D), and faster."""
        return True

    @classmethod
    def lr_multipliers(cls, config: Any) -> dict[str, float]:
        """Learning-rate factors by a part of the parameter's name, for instance {"prompts": 0.1}."""
        return {}

    def forward(self, features: Features, labels: Tensor, rows: Tensor, mode: str = "loss") -> Any:
        """MMEngine's entry point."""
        if mode != "loss":
            raise ValueError(f"mode {mode!r}: scores come from scorer()")
        return self.loss(Batch(Features(*features), labels, rows))

    @torch.no_grad()
    def score(self, features: Features) -> Tensor:
        """Logits float32 (B, C), in evaluation mode, training mode restored."""
        was_training = self.training
        self.eval()
        try:
            return self.scorer()(features).float()
        finally:
            self.train(was_training)
