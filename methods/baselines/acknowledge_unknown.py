"""EM and EM+APL: entropy maximisation of unknown labels, and pseudo-negatives among the least likely ones."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction
from methods.losses.unknown import entropy_maximization_loss
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class EMConfig(HeadConfig):
    """Defaults: the official code's for COCO."""

    alpha: float = setting(0.1, "weight of the entropy of unknown labels", ge=0, search=log_float(0.01, 0.5))
    reduction: Reduction = setting("mean", "what the summed loss is divided by")


@METHODS.register("em")
class EM(HeadMethod):
    """Entropy maximisation (Zhou et al., ECCV 2022), on a head over frozen features.

    known labels: -log p, -log(1 - p);  unknown ones: -alpha H(p), so that p is drawn to 1/2 and not to 0.
    The paper knows positives only; known negatives count fully here.
    """

    Config = EMConfig
    reference = "Zhou et al., Acknowledging the Unknown for Multi-label Learning with Single Positive Labels, ECCV 2022"
    equation = "-log p if known positive, -log(1-p) if known negative, -a H(p) if unknown; mean over B C"
    defaults_from = "official code's loss for COCO; optimiser ours"
    note = "the paper's loss on a head over frozen features; known negatives, which it does not have, are used"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {"voc2012": {"alpha": 0.2}, "cub": {"alpha": 0.01}}
    switches: ClassVar[dict[str, Part]] = {
        "entropy": Part({"alpha": 0.0}, what="the entropy of unknown labels is maximised")
    }

    config: EMConfig

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return entropy_maximization_loss(logits, batch.labels, alpha=self.config.alpha, reduction=self.config.reduction)


@dataclass(frozen=True, kw_only=True)
class EMAPLConfig(EMConfig):
    """Defaults: the official code's for COCO."""

    beta: float = setting(0.9, "weight of the pseudo-negatives", ge=0, search=uniform(0.1, 1))
    warmup_share: float = setting(
        0.5, "share of the epochs before the first pseudo-negatives", ge=0, le=1, search=uniform(0.2, 0.8)
    )
    proportion: float = setting(
        0.9,
        "share of each class's unknown labels that would be negative in the end",
        ge=0,
        le=1,
        search=uniform(0.5, 0.99),
    )


@torch.no_grad()
def lowest(scores: Tensor, count: Tensor) -> Tensor:
    """bool (N, C): in each column c of scores (N, C) the count[c] lowest that are not NaN, the first of equal ones."""
    order = scores.nan_to_num(nan=float("inf")).argsort(dim=0, stable=True)
    rank = torch.empty_like(order)
    rank.scatter_(0, order, torch.arange(len(scores), device=scores.device)[:, None].expand_as(order))
    return (rank < count) & ~scores.isnan()


class PseudoNegatives(nn.Module):
    """Buffers (N, C): the chance each unknown label last had in training, and soft labels of the pseudo-negatives.

    Both are NaN where there is none: at known labels, and for images that training has not shown.
    """

    unknown: Tensor
    chance: Tensor
    soft: Tensor

    def __init__(self, observed: Tensor):
        super().__init__()
        self.register_buffer("unknown", observed == 0, persistent=False)
        for name in ("chance", "soft"):
            self.register_buffer(name, torch.full(observed.shape, float("nan"), device=observed.device))

    @torch.no_grad()
    def remember(self, rows: Tensor, chance: Tensor) -> None:
        """Take in the chances (B, C) of the images in `rows` (B,)."""
        self.chance[rows] = torch.where(self.unknown[rows], chance.float(), float("nan"))

    @torch.no_grad()
    def select(self, rounds: int, of: int, proportion: float) -> None:
        """After `rounds` of `of` selections: per class, rounds * int(proportion * unknown / of) labels are negative.

        Those found before stay as they are; the lowest chances among the rest fill up, and each becomes its own soft
        label. Doing it twice changes nothing.
        """
        shown = (~self.chance.isnan()).sum(dim=0)
        quota = rounds * (proportion * shown.double() / of).floor().long()
        chosen = ~self.soft.isnan()
        rest = torch.where(chosen, float("nan"), self.chance)
        new = lowest(rest, (quota - chosen.sum(dim=0)).clamp(min=0))
        self.soft.copy_(torch.where(new, self.chance, self.soft))


@METHODS.register("em_apl")
class EMAPL(EM):
    """EM with asymmetric pseudo-labelling (Zhou et al., ECCV 2022), on a head over frozen features.

    After the warm-up, before each epoch and for each class, the int(0.9 unknown / remaining epochs) unknown labels
    with the lowest p that are not yet negative become so, for good, with p itself as soft label s; their loss is
    beta [-s log p - (1 - s) log(1 - p)]. Unknown labels otherwise as in EM.

    p is what the training pass gave in the epoch before, at the cost of nothing; the official code makes another pass
    in evaluation mode after each epoch. Its pseudo-labels are kept as -s in the label matrix, where a known negative
    (-1) would be taken for a sure positive; the paper has none. Here known negatives are negatives.
    """

    family = "corrections"
    Config = EMAPLConfig
    equation = "EM, and b CE(s, p) for pseudo-negatives: each class's lowest p, s = that p"
    note = (
        "the paper's loss on a head over frozen features; known negatives, which it does not have, are used; "
        "chances come from the training pass"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "voc2012": {"alpha": 0.2, "beta": 0.02, "warmup_share": 0.5},
        "nus": {"alpha": 0.1, "beta": 0.2, "warmup_share": 0.4},
        "cub": {"alpha": 0.01, "beta": 0.4, "warmup_share": 0.3},
    }
    switches: ClassVar[dict[str, Part]] = {
        **EM.switches,
        "pseudo-negatives": Part({"warmup_share": 1.0}, what="the least likely unknown labels become negatives"),
    }
    training_only: ClassVar[tuple[str, ...]] = ("pseudo",)

    config: EMAPLConfig

    def __init__(self, config: EMAPLConfig, task: Task):
        super().__init__(config, task)
        self.pseudo = PseudoNegatives(task.observed)
        self.first = max(1, round(config.warmup_share * config.epochs))
        """The first epoch, counted from 0, that sees pseudo-negatives: one must have gone before, to give chances."""

    def start_epoch(self, epoch: int) -> None:
        if self.first <= epoch < self.config.epochs:
            self.pseudo.select(epoch - self.first + 1, self.config.epochs - self.first, self.config.proportion)

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        soft = self.pseudo.soft[batch.rows]
        self.record(batch, negative=~soft.isnan())
        loss = entropy_maximization_loss(
            logits,
            batch.labels,
            alpha=self.config.alpha,
            soft=soft,
            soft_weight=self.config.beta,
            reduction=self.config.reduction,
        )
        self.pseudo.remember(batch.rows, torch.sigmoid(logits.detach().float()))
        return loss
