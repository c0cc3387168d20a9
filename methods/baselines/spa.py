"""SPA: a strictly proper asymmetric loss, whose scores have a link to chances of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.settings.config import setting, uniform
from methods.base import METHODS, Batch, Features
from methods.head_method import HeadConfig, HeadMethod
from methods.losses import Reduction, Unknown
from methods.losses.strictly_proper import Margins, link_logits, strictly_proper_loss
from methods.parts import Part


@dataclass(frozen=True, kw_only=True)
class SPAConfig(HeadConfig):
    """Defaults: mlcpl's margins."""

    zeta_positive: float = setting(1.0, "what the loss of a positive is divided by", gt=0)
    zeta_negative: float = setting(5.0, "what the loss of a negative is divided by", gt=0, search=uniform(0.5, 8))
    slope_positive: float = setting(1.0, "slope of a positive's loss, k+", gt=0)
    slope_negative: float = setting(3.0, "slope of a negative's loss, k-", gt=0, search=uniform(0.5, 4))
    offset_positive: float = setting(0.0, "score at which a positive's loss bends, b+")
    offset_negative: float = setting(1.0, "score at which a negative's loss bends, b-", search=uniform(0, 2))
    link_inside: bool = setting(False, "the link goes into the loss and not to the scores, as mlcpl releases it")
    unknown: Unknown = setting("ignore", "what an unknown label is: left out, or taken for a negative")
    reduction: Reduction = setting("mean/known", "what the summed loss is divided by")


@METHODS.register("spa")
class SPA(HeadMethod):
    """Strictly proper asymmetric loss (Cheng and Vasconcelos, CVPR 2024), on a head over frozen features.

    positives: -log sigmoid(k+ (s - b+)) / zeta+;  negatives: -log sigmoid(-k- (s - b-)) / zeta-, of a score s
    chance: p / (1 - p) = (k- zeta+ sigmoid(k- (s - b-))) / (k+ zeta- sigmoid(-k+ (s - b+))), where the expected loss is
    smallest; it rises with s, so that it changes no ranking within a class.

    mlcpl applies that link first and gives the chance to the loss as its score (`link_inside`): then a chance of 0.3 is
    learned as 0.63. The paper's second part, a regulariser of pairs of labels, is not in mlcpl and not here.
    """

    Config = SPAConfig
    reference = "Cheng and Vasconcelos, Towards Calibrated Multi-label Deep Neural Networks, CVPR 2024"
    source, licence = "maxium0526/mlcpl at 8234a713", "MIT"
    equation = "-log s(k+ (z - b+)) / zeta+ if positive, -log s(-k- (z - b-)) / zeta- if negative; mean over the known"
    defaults_from = "mlcpl's margins; optimiser ours"
    note = (
        "the link to chances belongs to the prediction here, in mlcpl to the loss (recipe released); without the "
        "paper's regulariser of pairs of labels"
    )
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "released": {"link_inside": True},
        "assume-negative": {"unknown": "negative", "reduction": "mean"},
    }
    switches: ClassVar[dict[str, Part]] = {
        "weights": Part({"zeta_negative": 1.0}, what="negatives count a fifth"),
        "slopes": Part({"slope_negative": 1.0}, what="a negative's loss is three times as steep"),
        "margin": Part({"offset_negative": 0.0}, what="a negative's loss bends at a larger score"),
    }

    config: SPAConfig

    @property
    def margins(self) -> Margins:
        return Margins(*(getattr(self.config, field) for field in Margins._fields))

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        config = self.config
        return strictly_proper_loss(
            logits,
            batch.labels,
            margins=self.margins,
            link_inside=config.link_inside,
            unknown=config.unknown,
            reduction=config.reduction,
        )

    def scorer(self) -> Callable[[Features], Tensor]:
        score = super().scorer()
        if self.config.link_inside:
            return score  # as mlcpl's metrics read them
        with torch.no_grad():
            return lambda features: link_logits(score(features), self.margins)
