"""CAP: as many pseudo-labels of a class as its share of positives among the known labels foretells."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import setting, uniform
from methods.asymmetric_config import FocusConfig
from methods.base import METHODS, Batch, Task
from methods.baselines.curriculum import AddedLabels
from methods.head_method import HeadConfig, HeadMethod
from methods.layers.strong_view import StrongView
from methods.losses import Reduction
from methods.parts import FOCUSING, SHIFT, Part


@dataclass(frozen=True, kw_only=True)
class CAPConfig(FocusConfig, HeadConfig):
    """Defaults: the released code's."""

    gamma_pos: float = setting(0.0, "focusing exponent of positives", ge=0)
    gamma_neg: float = setting(4.0, "focusing exponent of negatives", ge=0, search=uniform(0, 4))
    clip: float = setting(0.05, "probability shift of negatives", ge=0, lt=1)
    reduction: Reduction = setting("sum", "what the summed loss is divided by")
    positive_share: float = setting(
        1.0, "kappa+: of the foretold positives, the share that is believed", ge=0, le=1, search=uniform(0.3, 1)
    )
    negative_share: float = setting(
        0.998, "kappa-: of the foretold negatives, the share that is believed", ge=0, le=1, search=uniform(0.5, 1)
    )
    warmup_share: float = setting(
        0.3, "share of the epochs before the first pseudo-labels (12 of 40)", ge=0, le=1, search=uniform(0.1, 0.8)
    )
    drop: float = setting(
        0.3, "share of the features left out for the strong view, where the run makes none", ge=0, lt=1
    )


def shares(observed: Tensor) -> tuple[Tensor, Tensor]:
    """Positives and negatives among the known labels of each class, as shares (C,); NaN for a class without any."""
    counts = [(observed == value).sum(dim=0).double() for value in (1, -1)]
    known = counts[0] + counts[1]
    return counts[0] / known, counts[1] / known


def foretold_labels(scores: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Pseudo-labels int8 (N, C) of scores (N, C), NaN where there is none to make: for each class by shares (C,) each.

    With n scores of a class, +1 from the int(positive n)-th largest on, -1 up to the int(negative n)-th smallest, all
    that tie with it included; +1 where both hold, 0 where none does or the number is 0.
    """
    there = ~scores.isnan()
    number = there.sum(dim=0)
    most, least = ((share * number).nan_to_num().long() for share in (positive, negative))
    high = _at(scores.nan_to_num(nan=-torch.inf).sort(dim=0, descending=True).values, most)
    low = _at(scores.nan_to_num(nan=torch.inf).sort(dim=0).values, least)
    present = there & (most > 0) & (scores >= high)
    absent = there & (least > 0) & (scores <= low) & ~present
    return present.to(torch.int8) - absent.to(torch.int8)


def _at(ordered: Tensor, number: Tensor) -> Tensor:
    return ordered.gather(0, (number - 1).clamp(min=0)[None])[0]


@METHODS.register("cap")
class CAP(HeadMethod):
    """Class-aware pseudo-labelling (Xie et al., NeurIPS 2023), on a head over frozen features.

    f+_c, f-_c: shares of positives and negatives among the known labels of class c; n_c: its unknown labels. Before
    each epoch after the warm-up the kappa+ f+_c n_c unknown labels with the largest p become positives, the
    kappa- f-_c n_c with the smallest negatives; what is between is left out.
    loss = sum of ASL over known and pseudo-labels, of the strong view

    The paper is semi-supervised: some images have all their labels, others none, and both kinds fill a batch in fixed
    numbers. Here labels are missing one by one, and a batch is what it is. Its chances come from averaged weights after
    each epoch; here from the training pass of the epoch before. In the released code a class without a known positive
    takes all its unlabelled images for positive; here it makes no positive. It picks its epoch on the test images.
    """

    Config = CAPConfig
    family = "corrections"
    reference = (
        "Xie et al., Class-Distribution-Aware Pseudo-Labeling for Semi-Supervised Multi-Label Learning, NeurIPS 2023"
    )
    source, licence = "milkxie/SSMLL-CAP at b7dd8075", "none stated"
    equation = (
        "ASL; of a class's n unknown labels the k+ f+ n likeliest are positive, the k- f- n least likely negative"
    )
    defaults_from = "released code's loss, shares and warm-up; optimiser ours"
    note = (
        "class shares from the known labels of each class, ranks among its unknown ones, where the paper has images "
        "with all labels and with none; chances come from the training pass; a class without a known positive makes "
        "no positive"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "head": "linear",
            "optimizer": "adamw",
            "lr": 1e-4,
            "weight_decay": 1e-4,
            "schedule": "onecycle",
            "batch_size": 64,
            "epochs": 40,
            "ema": 0.9997,
        }
    }
    switches: ClassVar[dict[str, Part]] = {
        "focusing": FOCUSING,
        "shift": SHIFT,
        "pseudo-labels": Part({"warmup_share": 1.0}, what="unknown labels take what their class's shares foretell"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("pseudo",)

    config: CAPConfig

    def __init__(self, config: CAPConfig, task: Task):
        super().__init__(config, task)
        self.pseudo = AddedLabels(task.observed)
        self.view = StrongView(config.drop)
        self.first = max(1, round(config.warmup_share * config.epochs))
        """The first epoch, counted from 0, with pseudo-labels: one must have gone before, to give chances."""
        self.remembering = False

    @classmethod
    def needs_negatives(cls, config: CAPConfig) -> bool:
        return True

    def start_epoch(self, epoch: int) -> None:
        config, observed = self.config, self.task.observed
        if self.first <= epoch < config.epochs:
            positive, negative = shares(observed)
            scores = self.pseudo.guesses.masked_fill(observed != 0, torch.nan)
            self.pseudo.added.copy_(
                foretold_labels(scores, config.positive_share * positive, config.negative_share * negative)
            )
        self.remembering = self.first <= epoch + 1 < config.epochs

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        if self.remembering:
            with torch.no_grad():
                self.pseudo.remember(batch.rows, self.logits(batch.features))
        return {"loss_cap": self.objective(self.logits(self.view(batch)), batch)}

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        labels = torch.where(batch.labels == 0, self.pseudo.added[batch.rows], batch.labels)
        self.record(batch, positive=labels > 0, negative=labels < 0)
        return self.config.asymmetric_loss(logits, labels)
