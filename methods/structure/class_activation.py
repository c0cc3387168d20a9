"""Thresholds of pseudo-labels that follow how often each class has had one."""

import torch
from torch import Tensor, nn


class ClassActivation(nn.Module):
    """Each class's threshold of pseudo-labels, by its activation a_c (C,) among the last ones of all N training images.

    a_c = max(n_c / max(max_c n_c, hard_k N - sum_c n_c), 1 / C), with n_c the images whose pseudo-labels hold c;
    1 / C until there is any (FlexMatch's curriculum, as SCPNet adapts it). Threshold: 0.95 a_c / (2 - a_c).
    """

    pseudo: Tensor
    count: Tensor

    def __init__(self, images: int, num_classes: int, hard_k: int):
        super().__init__()
        self.hard_k = hard_k
        self.register_buffer("pseudo", torch.zeros(images, num_classes, dtype=torch.bool))
        # n_c, kept beside its table: summing (N, C) in each step would make an epoch quadratic in N.
        self.register_buffer("count", torch.zeros(num_classes, dtype=torch.int64))

    def thresholds(self) -> Tensor:
        """(C,)"""
        images, num_classes = self.pseudo.shape
        count = self.count.float()
        unused = self.hard_k * images - count.sum()
        level = count / torch.maximum(count.max(), unused).clamp(min=1)
        activation = level.clamp(min=1 / num_classes)
        return 0.95 * activation / (2 - activation)

    @torch.no_grad()
    def choose(self, chance: Tensor, labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Pseudo-labels bool (B, C) of weak-view probabilities (B, C), and whether an image has any above threshold.

        The `hard_k` most probable classes that pass their thresholds, together with the given positives and without
        the given negatives; remembered for those of `rows` (each once) that have any, others keep their last.
        """
        hard = min(self.hard_k, chance.shape[1])
        among = torch.zeros_like(chance, dtype=torch.bool).scatter_(1, chance.topk(hard, dim=1).indices, True)
        passed = among & (chance >= self.thresholds())
        pseudo = (passed & (labels >= 0)) | (labels > 0)
        before = self.pseudo[rows]
        after = torch.where(pseudo.any(dim=1, keepdim=True), pseudo, before)
        self.pseudo[rows] = after
        self.count += after.sum(dim=0) - before.sum(dim=0)
        return pseudo, passed.any(dim=1)
