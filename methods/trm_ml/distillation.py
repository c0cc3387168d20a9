"""Knowledge distillation: from the region level to the query level. [T]

The form is [U]; KL on logits with T = 4 is a trace in the author's code [A]. Two other teachers are options: CLIP's own
local scores, which the first reconstruction took from the same trace, and its template texts. [A]
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.trm_ml.regions import text_pixel


@torch.no_grad()
def local_teacher(tokens: Tensor, template: Tensor, sharpness: float, scale: float) -> Tensor:
    """CLIP's local scores (B, C) of unit-norm tokens (B, HW, D) and template texts (C, D), without gradient.

    u_ic = scale * sum_n softmax_n(sharpness <F_in, e_c>) <F_in, e_c>
    """
    return scale * torch.einsum("bcd,cd->bc", text_pixel(template, tokens, sharpness).region, template)


def logit_distillation(student: Tensor, teacher: Tensor, temperature: float, *, detach: bool = True) -> Tensor:
    """T^2 KL(softmax(teacher / T) || softmax(student / T)) over the classes of logits (B, C), mean over images."""
    teacher = teacher.detach() if detach else teacher
    target = (teacher / temperature).log_softmax(dim=1)
    learned = (student / temperature).log_softmax(dim=1)
    return temperature**2 * F.kl_div(learned, target, reduction="batchmean", log_target=True)


def feature_distillation(student: Tensor, teacher: Tensor, *, detach: bool = True) -> Tensor:
    """Mean over images and classes of 1 - cos(student, teacher), features (B, C, D)."""
    return (1 - F.cosine_similarity(student, teacher.detach() if detach else teacher, dim=-1)).mean()


def text_consistency(text: Tensor, template: Tensor) -> Tensor:
    """Mean over classes of the squared distance between learned and template texts (C, D), as in KgCoOp. [A]"""
    return (text - template.detach()).square().sum(dim=1).mean()
