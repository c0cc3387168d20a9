"""Large Loss matters: the largest losses of assumed negatives are rejected (LL-R) or corrected (LL-Ct, LL-Cp)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from bench.settings.config import setting
from methods.base import METHODS, Batch, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction
from methods.losses.correction import large_loss
from methods.parts import Part

RuleName = Literal["ll_r", "ll_ct", "ll_cp"]
DELTA: dict[RuleName, float] = {"ll_r": 0.5, "ll_ct": 0.2, "ll_cp": 0.1}
"""Published steps: per cent of all entries, an epoch, of ten."""
PUBLISHED_EPOCHS = 10


def doubted_share(rule: RuleName, delta: float, epoch: int, epochs: int) -> float:
    """The share of a batch's entries that is doubted in `epoch`, counted from 0, of `epochs`; none in the first.

    delta per cent more in every tenth of the training; with ll_cp, whose corrections last, delta per cent each time.
    """
    if epoch == 0 or not epochs:
        return 0.0
    return delta / 100 * PUBLISHED_EPOCHS / epochs * (1 if rule == "ll_cp" else epoch)


class LargeLossRule(nn.Module):
    """A Large Loss with its schedule, and the labels (N, C) that `ll_cp` has turned positive for good.

    Other rules remember nothing, and their buffer is empty.
    """

    flipped: Tensor

    def __init__(self, rule: RuleName, delta: float, epochs: int, observed: Tensor, reduction: Reduction = "mean"):
        super().__init__()
        self.rule, self.delta, self.epochs, self.reduction = rule, delta, epochs, reduction
        self.epoch = 0  # set by `start_epoch`, so it need not be in a checkpoint
        remembered = observed if rule == "ll_cp" else observed[:0]
        self.register_buffer("flipped", torch.zeros_like(remembered, dtype=torch.bool))

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def forward(self, logits: Tensor, labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """The loss of logits (B, C) given the observed labels (B, C) of the images in `rows` (B,), and the positives.

        Those are the entries, bool (B, C), that count as positives in it, known ones among them; None for `ll_r`, which
        leaves losses out but gives no label.
        """
        if self.rule == "ll_cp":
            labels = torch.where(self.flipped[rows], 1, labels)
        loss, doubted = large_loss(
            logits,
            labels,
            share=doubted_share(self.rule, self.delta, self.epoch, self.epochs),
            correct=self.rule != "ll_r",
            reduction=self.reduction,
        )
        if self.rule == "ll_cp":
            self.flipped[rows] |= doubted
        return loss, None if self.rule == "ll_r" else doubted | (labels > 0)


@dataclass(frozen=True, kw_only=True)
class LargeLossConfig(HeadConfig):
    delta: float | Literal["published"] = setting(
        "published",
        "per cent of all entries by which the doubted ones grow in a tenth of the training; published: 0.5 for ll_r, "
        "0.2 for ll_ct, 0.1 for ll_cp",
    )
    reduction: Reduction = setting("mean", "what the summed loss is divided by")

    def __post_init__(self) -> None:
        check_delta(self.delta)


def check_delta(delta: float | Literal["published"]) -> None:
    if delta != "published" and not 0 <= delta <= 10:
        raise ValueError(f"delta = {delta} is not allowed: give per cents from 0 to 10, or 'published'")


class LargeLoss(HeadMethod):
    """Base of the three rules: unknown labels are taken for negatives, and the largest losses among them doubted.

    k = ceil(share * B * C), share growing by delta per cent in each tenth of the training, from 0 in the first epoch.
    Doubted are all unknown entries whose loss is at least the k-th largest, so that ties go together, as in both
    public repositories. Theirs also touches known labels once k exceeds the unknown ones of a batch; here, never.
    """

    family = "corrections"
    Config = LargeLossConfig
    reference = "Kim et al., Large Loss Matters in Weakly Supervised Multi-Label Classification, CVPR 2022"
    defaults_from = (
        "delta of the authors' BoostLU code (Large Loss's own takes it from the command line); optimiser ours"
    )
    note = "the paper's loss on a head over frozen features; known negatives, which it does not have, are never doubted"
    switches: ClassVar[dict[str, Part]] = {
        "doubt": Part({"delta": 0.0}, what="large losses of assumed negatives are doubted")
    }
    training_only: ClassVar[tuple[str, ...]] = ("rule",)

    config: LargeLossConfig

    def __init__(self, config: LargeLossConfig, task: Task):
        super().__init__(config, task)
        rule: RuleName = self.name  # type: ignore[assignment]
        delta = DELTA[rule] if config.delta == "published" else config.delta
        self.rule = LargeLossRule(rule, delta, config.epochs, task.observed, config.reduction)

    def start_epoch(self, epoch: int) -> None:
        self.rule.start_epoch(epoch)

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        loss, positive = self.rule.forward(logits, batch.labels, batch.rows)
        if positive is not None:
            self.record(batch, positive=positive)
        return loss


@METHODS.register("ll_r")
class LLR(LargeLoss):
    """Large-loss rejection (Kim et al., CVPR 2022): the largest losses of assumed negatives count nothing.

    BCE with unknown labels as negatives; from the second epoch the k largest losses among those are left out.
    """

    equation = "BCE with unknown = negative, without the k largest losses of unknown labels; mean over B C"


@METHODS.register("ll_ct")
class LLCt(LargeLoss):
    """Large-loss correction, temporary (Kim et al., CVPR 2022): assumed negatives with large losses are positives.

    BCE with unknown labels as negatives; from the second epoch the k largest losses among those are -log p, for this
    step alone.
    """

    equation = "BCE with unknown = negative; the k largest losses of unknown labels become -log p; mean over B C"


@METHODS.register("ll_cp")
class LLCp(LargeLoss):
    """Large-loss correction, permanent (Kim et al., CVPR 2022): as LL-Ct, and the label stays positive.

    k is the same in every epoch, as what was turned stays turned. In the code first released this branch is never
    taken (it compares strings by identity) and k follows LL-Ct's; the authors' BoostLU code is followed here.
    """

    equation = "as LL-Ct, with constant k, and what is corrected is a positive from then on"
