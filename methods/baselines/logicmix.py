"""LogicMix: several images mixed, their labels joined by a logical OR that knows "unknown"."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import setting, uniform
from methods.base import METHODS, Batch, Features, Task
from methods.baselines.curriculum import AddedLabels
from methods.head_method import HeadConfig, HeadMethod
from methods.layers.mixing import any_of_labels, mix_features
from methods.losses import Reduction, reduce_entries
from methods.losses.asymmetric import asymmetric_entries
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class LogicMixConfig(HeadConfig):
    """Defaults: 2WayAug-PL's code."""

    chance: float = setting(0.5, "chance that an image is mixed with others", ge=0, le=1, search=uniform(0, 1))
    fewest: int = setting(2, "images in a mixture, at least", ge=1)
    most: int = setting(3, "images in a mixture, at most", ge=1)
    focus: float = setting(
        4.0,
        "focusing exponent of negatives of plain images, and of positives of mixed ones",
        ge=0,
        search=uniform(0, 4),
    )
    clip: float = setting(0.05, "probability shift of negatives of plain images", ge=0, lt=1, search=uniform(0, 0.1))
    reversed_focus: bool = setting(True, "mixed images have the exponents the other way round, and no shift (DP-ASL)")
    start: float = setting(
        1 / 3, "share of the epochs before the first pseudo-labels (20 of 60)", ge=0, le=1, search=uniform(0.2, 0.9)
    )
    threshold: float = setting(4.0, "size of logit from which a guess is a pseudo-label", ge=0, search=uniform(1, 6))
    reduction: Reduction = setting("sum", "what the summed loss is divided by")

    def __post_init__(self) -> None:
        if self.fewest > self.most:
            raise ValueError(f"fewest = {self.fewest} is above most = {self.most}; give two counts of images in order")


def dual_asymmetric_loss(
    logits: Tensor,
    labels: Tensor,
    mixed: Tensor,
    *,
    focus: float = 4.0,
    clip: float = 0.05,
    reversed_focus: bool = True,
    reduction: Reduction = "sum",
) -> Tensor:
    """DP-ASL over known labels (B, C): ASL (0, focus, clip) for plain images, (focus, 0, 0) for `mixed` (B,) ones.

    A plain image's negatives are many and easy; of mixed images the positives are.
    """
    with torch.autocast(logits.device.type, enabled=False):
        positive = labels > 0
        plain = asymmetric_entries(logits, positive, torch.where(positive, 0.0, focus), clip=clip)
        if reversed_focus:
            other = asymmetric_entries(logits, positive, torch.where(positive, focus, 0.0))
            plain = torch.where(mixed[:, None], other, plain)
        return reduce_entries(plain, labels, "ignore", reduction)


@METHODS.register("logicmix")
class LogicMix(HeadMethod):
    """2WayAug-PL (Chong et al., 2024): LogicMix with DP-ASL and sure guesses, on a head over frozen features.

    With chance 1/2 an image becomes the mean of itself and one or two others; its label is 1 where any has 1, 0 where
    all have 0, else unknown.
    loss = sum of ASL over known labels, exponents (0, 4) and a shift of 0.05 for plain images, (4, 0) for mixed ones;
    from a third of the epochs on, unknown labels with |z| >= 4 have the label sign(z), renewed after each epoch.

    Features are mixed, not images, and partners come from the batch, not from all images. Guesses are the logits of the
    training pass of the epoch before; in the released code those of averaged weights. That code stops by its test
    split, and steps its rate once in four batches, so that it is still rising for most of the training.
    """

    Config = LogicMixConfig
    family = "corrections"
    reference = (
        "Chong et al., Free Performance Gain from Mixing Multiple Partially Labeled Samples in Multi-label Image "
        "Classification, arXiv 2405.15860, 2024"
    )
    source, licence = "maxium0526/logic_mix at 77228603", "MIT"
    equation = "x = mean of 2 or 3 images, y = OR of their labels; ASL(0, 4, .05) if plain, ASL(4, 0, 0) if mixed"
    defaults_from = "released code's mixing, loss and pseudo-labels; optimiser ours"
    note = "mixes features, not images, with partners of the batch; guesses come from the training pass"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "head": "linear",
            "optimizer": "adam",
            "lr": 2e-4,
            "weight_decay": 1e-4,
            "schedule": "onecycle",
            "batch_size": 128,
            "epochs": 60,
            "ema": 0.999,
        }
    }
    switches: ClassVar[dict[str, Part]] = {
        "mixing": Part({"chance": 0.0}, what="images are mixed with others of the batch"),
        "reversed focus": Part(
            {"reversed_focus": False}, needs=("mixing",), what="mixed images have a loss of their own"
        ),
        "guesses": Part({"start": 1.0}, what="sure guesses become labels"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("pseudo",)

    config: LogicMixConfig

    def __init__(self, config: LogicMixConfig, task: Task):
        super().__init__(config, task)
        self.pseudo = AddedLabels(task.observed)
        self.first = max(1, round(config.start * config.epochs))
        """The first epoch, counted from 0, with pseudo-labels."""
        self.remembering = False

    @classmethod
    def needs_negatives(cls, config: LogicMixConfig) -> bool:
        return True

    def start_epoch(self, epoch: int) -> None:
        if self.first <= epoch < self.config.epochs:
            self.pseudo.choose(self.task.observed, self.config.threshold)
        self.remembering = self.first <= epoch + 1 < self.config.epochs

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        if self.remembering:
            with torch.no_grad():
                self.pseudo.remember(batch.rows, self.logits(batch.features))
        labels = torch.where(batch.labels == 0, self.pseudo.added[batch.rows], batch.labels)
        self.record(batch, positive=labels > 0, negative=labels < 0)
        features, labels, mixed = self.mixtures(batch.features, labels)
        config = self.config
        loss = dual_asymmetric_loss(
            self.logits(features),
            labels,
            mixed,
            focus=config.focus,
            clip=config.clip,
            reversed_focus=config.reversed_focus,
            reduction=config.reduction,
        )
        return {"loss_logicmix": loss}

    def mixtures(self, features: Features, labels: Tensor) -> tuple[Features, Tensor, Tensor]:
        """Features and labels of as many images, and which of them are mixtures (B,)."""
        config, images = self.config, len(labels)
        mixed = torch.rand(images) < config.chance
        count = torch.where(mixed, torch.randint(config.fewest, config.most + 1, (images,)), 1)
        partners = torch.randint(images, (images, config.most))
        partners[:, 0] = torch.arange(images)
        used = torch.arange(config.most) < count[:, None]
        mixed, count, partners, used = (part.to(labels.device) for part in (mixed, count, partners, used))
        return mix_features(features, partners, used / count[:, None]), any_of_labels(labels, partners, used), mixed
