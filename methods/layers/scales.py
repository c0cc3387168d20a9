"""Factors on cosines: published for CLIPs of logit scale 100, tied to the checkpoint's own, or trained."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

Scale = float | Literal["checkpoint"]
RELEASED = 100.0
"""The logit scale of the released CLIPs, at which the published factors were chosen."""


def tied(scale: Scale, published: float, logit_scale: float) -> float:
    """`scale` as a number; "checkpoint" is the published factor's share of 100, taken of this checkpoint's scale.

    A checkpoint with another scale spreads its cosines differently, so constants do not carry over.
    """
    return published * logit_scale / RELEASED if scale == "checkpoint" else float(scale)


def require_positive(config: Any, *names: str) -> None:
    """ValueError where a scale of `config` is neither above 0 nor "checkpoint" (bounds cannot be set on a union)."""
    for name in names:
        value = getattr(config, name)
        if value != "checkpoint" and value <= 0:
            raise ValueError(f"{name} = {value} is not allowed: give a number above 0, or 'checkpoint'")


class LearnedScale(nn.Module):
    """A trained factor exp(log), which stays positive."""

    def __init__(self, start: float):
        super().__init__()
        self.log = nn.Parameter(torch.tensor(start).log())

    def forward(self) -> Tensor:
        return self.log.exp()
