"""Text-region matching: the text of each category against its one region. [P]"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from methods.trm_ml.texts import Texts

Bias = Literal["none", "shared", "class"]


def match(regions: Tensor, text: Tensor) -> Tensor:
    """<r_ic, t_c> (B, C) of regions (B, C, D) and texts (C, D): the diagonal only, one text to one region."""
    return torch.einsum("bcd,cd->bc", regions, text)


class Matching(nn.Module):
    """s_ic = exp(w) (<r_ic, t_c> - <r_ic, n_c>) + b_c; the negative n_c and the bias are options. [U]

    Features of both levels meet the same texts at the same scale. [U]
    """

    def __init__(self, classes: int, scale: float, *, learn_scale: bool = True, bias: Bias = "none"):
        """scale: exp(w) at the start."""
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)), requires_grad=learn_scale)
        biases = {"none": 0, "shared": 1, "class": classes}[bias]
        self.bias = nn.Parameter(torch.zeros(biases)) if biases else None

    def forward(self, regions: Tensor, texts: Texts) -> Tensor:
        """Logits (B, C)."""
        likeness = match(regions, texts.category)
        if texts.negative is not None:
            likeness = likeness - match(regions, texts.negative)
        logits = self.log_scale.exp() * likeness
        return logits if self.bias is None else logits + self.bias
