"""Learning-rate schedules as pure functions of progress, and the one scheduler that applies them.

MMEngine's OneCycleLR takes one peak for all parameter groups; a factor on each group's own rate keeps the groups apart.
"""

import math
from typing import Any

from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

WARM_UP_LR = 1e-5
"""CoOp's rate in its first epoch (Dassl `WARMUP_CONS_LR`)."""


def onecycle(step: int, total: int, rise: float = 0.2, start: float = 1 / 25, end: float = 1 / 25e4) -> float:
    """torch's OneCycleLR with cosine annealing (the rate only, not the momentum); pct_start 0.2 as in ASL's code."""
    peak = rise * total - 1
    if step <= peak:
        return _between(start, 1.0, step / peak if peak else 1.0)  # five steps begin at the peak
    return _between(1.0, end, (step - peak) / (total - 1 - peak))


def cosine(step: int, total: int) -> float:
    """From 1 to 0 along half a cosine."""
    return _between(1.0, 0.0, step / total)


def dassl_cosine(epoch: int, epochs: int, lr: float) -> float:
    """CoOp's schedule per epoch: one epoch at a constant 1e-5, then a cosine counted from the end of the warm-up."""
    return WARM_UP_LR / lr if epoch == 0 else cosine(epoch - 1, epochs)


def _between(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * min(share, 1.0))) / 2


def factor(schedule: str, step: int, steps_per_epoch: int, epochs: int, lr: float) -> float:
    """What the base rate is multiplied with in training step `step` (from 0)."""
    if schedule == "constant":
        return 1.0
    if schedule == "dassl_cosine":
        return dassl_cosine(step // steps_per_epoch, epochs, lr)
    shape = {"onecycle": onecycle, "cosine": cosine}[schedule]
    return shape(step, steps_per_epoch * epochs)


class ScheduledLR(_ParamScheduler):
    """Multiplies each parameter group's own rate with `factor`, step by step."""

    def __init__(
        self, optimizer: Any, schedule: str, steps_per_epoch: int, epochs: int, lr: float, **placed_by_runner: Any
    ):
        """`placed_by_runner`: the Runner adds `end` in epochs to every scheduler; this one ends with its steps."""
        self.shape = (schedule, steps_per_epoch, epochs, lr)
        super().__init__(optimizer, "lr", by_epoch=False)

    def _get_value(self) -> list[float]:
        schedule, steps_per_epoch, epochs, lr = self.shape
        step = min(self.last_step, steps_per_epoch * epochs - 1)
        scale = factor(schedule, step, steps_per_epoch, epochs, lr)
        return [base * scale for base in self.base_values]
