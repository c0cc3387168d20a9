"""Starting values of a head's biases: zero, or what is known of how often each class is present."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from bench.settings.config import choice, setting
from methods.base import MethodConfig


@dataclass(frozen=True, kw_only=True)
class BiasConfig(MethodConfig):
    """Settings of methods whose head has a bias for each class."""

    bias_init: Literal["zero", "prior"] = setting(
        "zero",
        "biases at the start: zero; prior: log-odds of each class among its known labels, for features on which few "
        "epochs do not suffice to learn how rare classes are",
        search=choice("zero", "prior"),
        added_later=True,
    )


def known_log_odds(observed: Tensor) -> Tensor:
    """log (P_c + 1) / (M_c + 1), float32 (C,), with the P_c positives and M_c negatives of observed labels (N, C)."""
    positives, negatives = ((observed == value).sum(dim=0) for value in (1, -1))
    return ((positives + 1) / (negatives + 1)).log()


@torch.no_grad()
def start_bias(
    bias: nn.Parameter,
    config: BiasConfig,
    observed: Tensor,
    bias_of: Callable[[Tensor], Tensor] = lambda logits: logits,
) -> None:
    """With `prior`, a bias (C,) starts where logits tell how often the class is positive, as in RetinaNet.

    Where no negative is known at all (single positives), unknown labels are taken for negatives. bias_of: the bias that
    gives these logits, where scores are more than the head's sum.
    """
    if config.bias_init == "prior":
        known = observed if (observed == -1).any() else torch.where(observed == 0, -1, observed)
        bias.copy_(bias_of(known_log_odds(known)))
