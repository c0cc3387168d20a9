"""CFT: when training is over, each class's classifier is fine-tuned alone, on its known labels."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.asymmetric_config import FocusConfig
from methods.base import METHODS, Batch, Features, Method, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.layers.heads import LinearHead, unit
from methods.losses import Reduction
from methods.parts import FOCUSING, SHIFT, Part
from methods.structure.fine_tuning import fine_tuned


@dataclass(frozen=True, kw_only=True)
class CFTConfig(FocusConfig, HeadConfig):
    """Defaults: the released code's, of its first stage and of the fine-tuning by backpropagation."""

    head: Literal["attention", "linear", "mlp"] = setting("linear", "only linear: what is fine-tuned is a linear layer")
    gamma_pos: float = setting(0.0, "focusing exponent of positives", ge=0)
    gamma_neg: float = setting(4.0, "focusing exponent of negatives", ge=0, search=uniform(0, 4))
    clip: float = setting(0.05, "probability shift of negatives", ge=0, lt=1)
    reduction: Reduction = setting("sum", "what the summed loss of the first stage is divided by")
    held_out: float = setting(
        0.2, "share of the training images that only choose when a class's fine-tuning stops", gt=0, lt=1
    )
    tune_lr: float = setting(1e-4, "learning rate of the fine-tuning", gt=0, search=log_float(1e-5, 1e-2))
    steps: int = setting(5000, "steps of the fine-tuning at most; 0 leaves it out", ge=0)
    patience: int = setting(300, "steps without a better class average precision, after which the class stops", ge=1)
    ema: float = setting(0.0, "only 0: fine-tuning would not reach averaged weights", ge=0, le=0)

    def __post_init__(self) -> None:
        if self.head != "linear":
            raise ValueError(f"head = {self.head} is not allowed: cft fine-tunes a linear layer; give head = linear")


class FeatureStore(nn.Module):
    """One vector of each training image, as the last epoch shows it, and which images are held out.

    held: bool (N,), drawn once. vectors: (N, D), made in the last epoch, so that no checkpoint needs them.
    """

    held: Tensor
    shown: Tensor
    vectors: Tensor

    def __init__(self, observed: Tensor, dim: int, share: float):
        super().__init__()
        images, device = len(observed), observed.device
        self.register_buffer("held", (torch.rand(images) < share).to(device))
        self.register_buffer("shown", torch.zeros(images, dtype=torch.bool, device=device), persistent=False)
        self.register_buffer("vectors", torch.zeros(0, dim, device=device), persistent=False)

    @torch.no_grad()
    def keep(self, rows: Tensor, vectors: Tensor) -> None:
        if not len(self.vectors):
            self.vectors = vectors.new_zeros(len(self.held), vectors.shape[1])
        self.vectors[rows] = vectors.detach()
        self.shown[rows] = True


@METHODS.register("cft")
class CFT(HeadMethod):
    """Category-wise fine-tuning (Chong et al., 2024) of a linear head on frozen features, after training with ASL.

    first: the sum of ASL, unknown labels as negatives, over the images that are not held out
    then, for each class alone: full-batch Adam on the sum of ASL over its known labels, at most 5,000 steps; the
    classifier with the best average precision on the held-out images' known labels is kept, the first stage's among
    them. It mends what assumed negatives did: the pseudo-labels are gone from the loss.

    The released script holds out the test split: it stops each of 80 classes where the test images say. Here a fifth of
    the training images chooses, with their observed labels, and teaches nothing before. Its other way, a genetic search
    for average precision, is left out.
    """

    Config = CFTConfig
    family = "corrections"
    reference = (
        "Chong et al., Category-wise Fine-Tuning: Resisting Incorrect Pseudo-Labels in Multi-Label Image "
        "Classification with Partial Labels, arXiv 2401.16991, 2024"
    )
    source, licence = "maxium0526/category-wise-fine-tuning at 5c170ee7", "none stated"
    equation = (
        "ASL, unknown = negative; then each (w_c, b_c) alone by ASL over known labels, kept at its best held-out AP"
    )
    defaults_from = "released code's losses, fine-tuning rate, steps and patience; first stage's optimiser ours"
    note = (
        "stops by a fifth of the training images, which teach nothing (the released script: by the test images); on a "
        "linear head; by backpropagation, without the genetic search"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "optimizer": "adam",
            "lr": 2e-4,
            "weight_decay": 1e-4,
            "schedule": "onecycle",
            "batch_size": 128,
            "epochs": 60,
        }
    }
    switches: ClassVar[dict[str, Part]] = {
        "focusing": FOCUSING,
        "shift": SHIFT,
        "fine-tuning": Part({"steps": 0}, what="each class's classifier is fine-tuned on its known labels"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("store",)

    attention = Method.attention  # a linear head looks nowhere

    config: CFTConfig

    def __init__(self, config: CFTConfig, task: Task):
        super().__init__(config, task)
        self.store = FeatureStore(task.observed, task.dim, config.held_out)
        self.last = False

    @classmethod
    def needs_negatives(cls, config: CFTConfig) -> bool:
        return config.steps > 0

    def start_epoch(self, epoch: int) -> None:
        self.last = epoch + 1 == self.config.epochs

    def vectors(self, features: Features) -> Tensor:
        """What the head reads, (B, D)."""
        return unit(features.pooled if self.config.pool == "clip" else features.dense.mean(dim=1))

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        if self.last:
            self.store.keep(batch.rows, self.vectors(batch.features))
        (taught,) = (~self.store.held[batch.rows]).nonzero(as_tuple=True)
        return self.config.asymmetric_loss(logits[taught], batch.labels[taught], unknown="negative")

    @torch.no_grad()
    def finish(self) -> None:
        config, store, observed = self.config, self.store, self.task.observed
        if not (config.steps and self.last):
            return
        train, held = (
            (store.vectors[rows], observed[rows]) for rows in (store.shown & ~store.held, store.shown & store.held)
        )
        assert isinstance(self.head, LinearHead)
        weight, bias, _ = fine_tuned(
            self.head.weight,
            self.head.bias,
            train,
            held,
            lr=config.tune_lr,
            steps=config.steps,
            patience=config.patience,
            gamma_neg=config.gamma_neg,
            clip=config.clip,
        )
        self.head.weight.copy_(weight)
        self.head.bias.copy_(bias)
