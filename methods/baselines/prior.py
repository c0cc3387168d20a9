"""The floor: class frequencies of the known labels."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.settings.config import setting
from methods.base import METHODS, Features, Method, MethodConfig, Task
from methods.layers.bias import known_log_odds


@dataclass(frozen=True, kw_only=True)
class PriorConfig(MethodConfig):
    epochs: int = setting(0, "nothing is trained", ge=0, le=0)


@METHODS.register("prior")
class Prior(Method):
    """The frequency of a class among its known labels, the same score for every image.

    logit_c = log (P_c + 1) / (M_c + 1), with P_c known positives and M_c known negatives

    A class's scores all tie, so its average precision is its share of positives in the test images, and mAP the mean
    of that, whatever the labels. Metrics that compare classes within an image (OF1 by top k) do read the frequencies.
    """

    Config = PriorConfig
    reads_images = False
    family = "references"
    reference = "none: a floor"
    equation = "z_c = log((positives_c + 1) / (negatives_c + 1)) of the known labels"
    defaults_from = "nothing to set"
    note = "does not look at the images; its mAP is the mean share of positives in the test images"

    def __init__(self, config: PriorConfig, task: Task):
        super().__init__(config, task)
        self.logit: Tensor
        self.register_buffer("logit", known_log_odds(task.observed))

    @classmethod
    def needs_dense(cls, config: PriorConfig) -> bool:
        return False

    def scorer(self) -> Callable[[Features], Tensor]:
        @torch.no_grad()
        def score(features: Features) -> Tensor:
            return self.logit.expand(len(features.pooled), -1)

        return score
