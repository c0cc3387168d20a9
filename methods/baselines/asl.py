"""A head trained with the asymmetric loss: what frozen features give without any text."""

from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from bench.settings.config import setting
from methods.asymmetric_config import AsymmetricConfig
from methods.base import METHODS, Batch
from methods.head_method import HeadConfig, HeadMethod
from methods.parts import FOCUSING, SHIFT, Part


@dataclass(frozen=True, kw_only=True)
class ASLConfig(HeadConfig, AsymmetricConfig):
    """The settings in which the published variants of the loss differ."""

    eps: float = setting(1e-8, "smallest chance inside the logarithm", gt=0, lt=1)
    detach: bool = setting(True, "whether the focusing factors are constants for the gradient")


@METHODS.register("asl")
class ASL(HeadMethod):
    """A head on frozen image features with the asymmetric loss (Ridnik et al., ICCV 2021).

    loss = ASL(logit, label; gamma+, gamma-, clip) over the labels that count.

    ASL's own recipe trains a whole TResNet, so there is no "paper" recipe: its optimiser settings mean nothing for a
    head on frozen features. The recipes here carry the published settings of the loss only; under one name, papers use
    losses that differ in gammas, clip, eps, gradient and scale:

    asl: the official train.py; assume-negative: the same where labels are missing. asl-class: the official class's
    defaults. query2label: its README's command (sum / B / C x 1000). dualcoop: its softmax over a prompt pair is the
    sigmoid of their difference. tai: TaI-DPT, also the defaults here. hcp: its co-occurrence branch. mmpretrain: the
    class's defaults in a head. bce: no focus at all.
    """

    colour = "green"
    baseline = 2
    batches_suffice = True
    Config = ASLConfig
    reference = "Ridnik et al., Asymmetric Loss for Multi-Label Classification, ICCV 2021"
    equation = "-(1-p)^g+ log p for positives, -(1-q)^g- log q for negatives, q = min(1-p+m, 1)"
    defaults_from = "gammas and clip of DualCoOp's and TaI-DPT's code; optimiser ours"
    note = "the paper's loss on a head over frozen features; the paper trains the whole network"
    recipes: ClassVar[dict[str, dict[str, Any]]] = {
        "asl": {"gamma_pos": 0.0, "gamma_neg": 4.0, "clip": 0.05, "reduction": "sum"},
        "assume-negative": {
            "gamma_pos": 0.0,
            "gamma_neg": 4.0,
            "clip": 0.05,
            "reduction": "sum",
            "unknown": "negative",
        },
        "asl-class": {"gamma_pos": 1.0, "gamma_neg": 4.0, "clip": 0.05, "reduction": "sum"},
        "query2label": {
            "gamma_pos": 0.0,
            "gamma_neg": 2.0,
            "clip": 0.0,
            "eps": 1e-5,
            "reduction": "mean",
            "loss_weight": 1000.0,
        },
        "dualcoop": {"gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.05, "eps": 1e-6, "reduction": "sum"},
        "tai": {"gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.05, "reduction": "sum/batch"},
        "hcp": {"gamma_pos": 1.0, "gamma_neg": 2.0, "clip": 0.05, "detach": False, "reduction": "mean"},
        "mmpretrain": {"gamma_pos": 0.0, "gamma_neg": 4.0, "clip": 0.05, "detach": False, "reduction": "sum/batch"},
        "bce": {"gamma_pos": 0.0, "gamma_neg": 0.0, "clip": 0.0},
    }
    switches: ClassVar[dict[str, Part]] = {"focusing": FOCUSING, "shift": SHIFT}

    config: ASLConfig

    def objective(self, logits: Tensor, batch: Batch) -> Tensor:
        return self.config.objective(logits, batch.labels, eps=self.config.eps, detach=self.config.detach)
