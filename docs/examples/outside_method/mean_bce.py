"""Binary cross-entropy on the mean token, unknown labels left out."""

from dataclasses import dataclass

from torch import nn

from bench.settings.config import log_float, setting
from methods import METHODS, Method, MethodConfig
from methods.losses import binary_cross_entropy


@dataclass(frozen=True, kw_only=True)
class Config(MethodConfig):
    """What can be set; `bench search` tries the ranges."""

    lr: float = setting(5e-3, "base learning rate", gt=0, search=log_float(1e-4, 3e-2))


@METHODS.register("mean_bce")
class MeanBCE(Method):
    """A linear layer on the mean token; loss: mean BCE over the known labels."""

    Config = Config
    reference = "an example"
    equation = "-log p for positives, -log(1-p) for negatives"
    defaults_from = "ours"

    def __init__(self, config, task):
        super().__init__(config, task)
        self.head = nn.Linear(task.dim, task.num_classes)

    def loss(self, batch):
        logits = self.head(batch.features.dense.mean(dim=1))
        return {"loss_bce": binary_cross_entropy(logits, batch.labels, reduction="mean/known")}

    def scorer(self):
        return lambda features: self.head(features.dense.mean(dim=1))
