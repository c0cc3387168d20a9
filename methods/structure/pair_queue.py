"""A queue of pairs of vectors with a class each."""

import torch
from torch import Tensor, nn


class PairQueue(nn.Module):
    """The last pairs of vectors, two views of one thing with its class.

    pairs: (2, size, D); classes: (size,), -1 where nothing is; place: where the next pair goes.
    """

    pairs: Tensor
    classes: Tensor
    place: Tensor

    def __init__(self, size: int, dim: int, device: torch.device):
        super().__init__()
        self.register_buffer("pairs", torch.zeros(2, size, dim, device=device))
        self.register_buffer("classes", torch.full((size,), -1, device=device))
        self.register_buffer("place", torch.zeros((), dtype=torch.int64, device=device))

    def forward(self, new: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """All pairs (2, M, D) and their classes (M,) once `new` ones (2, P, D) of `classes` (P,) have gone in.

        Only the new ones have a gradient. They take the places of the oldest; of more than `size` the last stay.
        """
        size = len(self.classes)
        new, classes = new[:, -size:], classes[-size:]
        slots = (self.place + torch.arange(len(classes), device=classes.device)) % size
        with torch.no_grad():
            self.pairs[:, slots] = new.detach().float()
            self.classes[slots] = classes
            self.place.copy_((self.place + len(classes)) % size)
        old = self.classes >= 0
        old[slots] = False
        (kept,) = old.nonzero(as_tuple=True)
        return torch.cat([new.float(), self.pairs[:, kept]], dim=1), torch.cat([classes, self.classes[kept]])
