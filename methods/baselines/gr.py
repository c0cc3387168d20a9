"""GR: a robust loss of unknown labels, weighted by the model's own chances more and more."""

from dataclasses import dataclass

from torch import Tensor

from bench.settings.config import log_float, setting, uniform
from methods.base import METHODS, Batch, Task
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction
from methods.losses.generalized_robust import generalized_robust_loss


@dataclass(frozen=True, kw_only=True)
class GRConfig(HeadConfig):
    """Defaults: the released code's, the same for all its data sets; `_start` and `_end` are ends of a line."""

    slope_start: float = setting(0.0, "w of K = sigmoid(w p + b), the chance that an unknown label is present")
    slope_end: float = setting(2.0, "its value one epoch after the last", search=uniform(0, 4))
    offset_start: float = setting(-2.0, "b of K", search=uniform(-4, 0))
    offset_end: float = setting(-2.0, "its value one epoch after the last")
    center_start: float = setting(0.5, "mu of the weight V = exp(-((p - mu) / sigma)^2 / 2)")
    center_end: float = setting(0.8, "its value in the last epoch")
    width_start: float = setting(2.0, "sigma of V", gt=0)
    width_end: float = setting(0.5, "its value in the last epoch", gt=0)
    q_positive: float = setting(
        0.01, "q2: 0 is cross-entropy, 1 is the absolute error, for 'present'", gt=0, search=log_float(0.01, 1)
    )
    q_negative: float = setting(1.0, "q3: the same for 'absent'", gt=0, search=uniform(0.1, 1))
    reduction: Reduction = setting("mean", "what the summed loss is divided by")


def on_line(start: float, end: float, share: float) -> float:
    """From start at share 0 to end at share 1."""
    return start + (end - start) * share


@METHODS.register("gr")
class GR(HeadMethod):
    """Generalized robust loss (Chen et al., IJCAI 2024), on a head over frozen features.

    known: -log p, -log(1 - p) (the paper knows positives only)
    unknown: V [K (1 - p^q2) / q2 + (1 - K) (1 - (1 - p)^q3) / q3], K = sigmoid(w p + b), V a Gaussian of p
    w and b move by (e - 1) / E in epoch e = 1 .. E, as released, and so do not reach their ends; mu and sigma by e / E.
    """

    Config = GRConfig
    family = "corrections"
    reference = (
        "Chen et al., Boosting Single Positive Multi-label Classification with Generalized Robust Loss, IJCAI 2024"
    )
    equation = "unknown: V(p) [K(p) (1-p^q2)/q2 + (1-K(p)) (1-(1-p)^q3)/q3]; known: cross-entropy; mean over B C"
    defaults_from = "released code's loss and schedules; optimiser ours"
    note = "the paper's loss on a head over frozen features; known negatives, which it does not have, are used"

    config: GRConfig

    def __init__(self, config: GRConfig, task: Task):
        super().__init__(config, task)
        self.epoch = 0  # set by `start_epoch`, so it need not be in a checkpoint

    def start_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def schedule(self) -> dict[str, float]:
        """slope, offset, center and width in this epoch."""
        config, epochs = self.config, max(self.config.epochs, 1)
        before, after = self.epoch / epochs, (self.epoch + 1) / epochs
        return {
            "slope": on_line(config.slope_start, config.slope_end, before),
            "offset": on_line(config.offset_start, config.offset_end, before),
            "center": on_line(config.center_start, config.center_end, after),
            "width": on_line(config.width_start, config.width_end, after),
        }

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return generalized_robust_loss(
            logits,
            batch.labels,
            **self.schedule(),
            q_positive=self.config.q_positive,
            q_negative=self.config.q_negative,
            reduction=self.config.reduction,
        )
