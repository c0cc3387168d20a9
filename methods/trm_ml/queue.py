"""A memory of the latest features of each category, in the place of one visual prototype. [U]"""

import torch
from torch import Tensor
from torch.nn import functional as F

from methods.trm_ml.prototypes import Prototypes


@torch.no_grad()
def push(queue: Tensor, filled: Tensor, features: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """The queue (C, K, D), newest first, 0 where it is not `filled` (C, K), after features (B, C, D).

    Those that are `chosen`, bool (B, C), enter the queue of their class, and its oldest leave.
    """
    size = queue.shape[1]
    stacked = torch.cat([features.transpose(0, 1), queue], dim=1)
    present = torch.cat([chosen.T, filled], dim=1)
    order = (~present).to(torch.int8).argsort(dim=1, stable=True)[:, :size]
    kept = present.gather(1, order)
    return stacked.gather(1, order[..., None].expand(-1, -1, queue.shape[2])) * kept[..., None], kept


class Queues(Prototypes):
    """The latest `size` features of known positives of each category; their unit mean is the visual prototype.

    Negative and text prototypes are as in `Prototypes`.
    """

    queue: Tensor
    filled: Tensor

    def __init__(self, template: Tensor, momentum: float, size: int):
        super().__init__(template, momentum)
        classes, dim = template.shape
        self.register_buffer("queue", template.new_zeros(classes, size, dim))
        self.register_buffer("filled", torch.zeros(classes, size, dtype=torch.bool, device=template.device))

    @torch.no_grad()
    def update(self, regions: Tensor, labels: Tensor, text: Tensor) -> None:
        super().update(regions, labels, text)
        queue, filled = push(self.queue, self.filled, regions, labels == 1)
        self.queue.copy_(queue)
        self.filled.copy_(filled)
        self.positive.copy_(F.normalize(queue.sum(dim=1), dim=-1))

    def visual(self) -> tuple[Tensor, Tensor]:
        every = torch.arange(len(self.filled), device=self.filled.device)[:, None].expand_as(self.filled)
        return self.queue[self.filled], every[self.filled]
