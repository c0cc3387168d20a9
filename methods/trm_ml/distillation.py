"""Knowledge distillation for cross-modal alignment: CLIP's own local scores, and its template texts, as teachers.

That it exists is [P]; that the teacher is local and T = 4 is [A]; the weights are [U].
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
    return scale * torch.einsum("bcd,cd->bc", text_pixel(template, tokens, sharpness).features, template)


def logit_distillation(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T^2 KL(softmax(teacher / T) || softmax(student / T)) over the classes of logits (B, C), mean over images."""
    target = (teacher.detach() / temperature).log_softmax(dim=1)
    learned = (student / temperature).log_softmax(dim=1)
    return temperature**2 * F.kl_div(learned, target, reduction="batchmean", log_target=True)


def text_consistency(text: Tensor, template: Tensor) -> Tensor:
    """Mean over classes of the squared distance between learned and template texts (C, D), as in KgCoOp. [A]"""
    return (text - template.detach()).square().sum(dim=1).mean()
