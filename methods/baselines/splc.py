"""SPLC: self-paced loss correction, which turns likely assumed negatives into positives."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from bench.settings.config import integer, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction
from methods.losses.correction import splc_loss
from methods.parts import NEVER, Part


@dataclass(frozen=True, kw_only=True)
class SPLCConfig(HeadConfig):
    """Defaults: the released code's values."""

    tau: float = setting(
        0.6, "chance above which an assumed negative becomes a positive", gt=0, lt=1, search=uniform(0.4, 0.95)
    )
    start: int = setting(1, "epoch from which labels are corrected, counted from 0", ge=0, search=integer(1, 4))
    margin: float = setting(1.0, "what a known positive's logit must exceed the others' by", ge=0, search=uniform(0, 2))
    gamma: float = setting(2.0, "focusing exponent", ge=0, search=uniform(0, 4))
    correct_known: bool = setting(
        False, "known negatives can become positives too, as in the released code, which knows of none"
    )
    reduction: Reduction = setting("sum", "what the summed loss is divided by")


@METHODS.register("splc")
class SPLC(HeadMethod):
    """Self-paced loss correction (Zhang et al., 2021) with the focal margin loss, on a head over frozen features.

    Unknown labels are taken for negatives. From the epoch `start` on, such an entry with p > tau is a positive, for
    this step alone: nothing is remembered.
    positives: -(1 - p)^gamma log p, p of z - margin where the positive is a known one;  negatives: -p^gamma log(1 - p)

    The paper's setting has no known negatives, and its released code corrects every negative it is given. Where the
    protocol gives known ones they are believed here; `correct_known` does as that code does.
    """

    colour = "orange"
    batches_suffice = True
    Config = SPLCConfig
    family = "corrections"
    reference = "Zhang et al., Simple and Robust Loss Design for Multi-Label Learning with Missing Labels, 2021"
    equation = "FL+(z - m) for known positives; FL+(z) for others with p > tau, from epoch 1; else FL-(z)"
    defaults_from = "released code's loss; optimiser ours"
    note = "the paper's loss on a head over frozen features; known negatives, which it does not have, are believed"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "released": {"correct_known": True},
        "released-75": {"correct_known": True, "tau": 0.65},  # its list with 75 % of the positives left
    }
    switches: ClassVar[dict[str, Part]] = {
        "correction": Part({"start": NEVER}, what="likely assumed negatives become positives"),
        "margin": Part({"margin": 0.0}, what="the margin of known positives"),
        "focusing": Part({"gamma": 0.0}, what="the focusing exponent"),
    }

    config: SPLCConfig

    def __init__(self, config: SPLCConfig, task: Task):
        super().__init__(config, task)
        self.epoch = 0  # set by `start_epoch`, so it need not be in a checkpoint

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        config = self.config
        loss, corrected = splc_loss(
            logits,
            batch.labels,
            correct=self.epoch >= config.start,
            known_too=config.correct_known,
            tau=config.tau,
            margin=config.margin,
            gamma=config.gamma,
            reduction=config.reduction,
        )
        self.record(batch, positive=corrected)
        return loss
