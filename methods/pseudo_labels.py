"""The record of the pseudo-labels that a method makes in an epoch."""

import numpy as np
import torch
from torch import Tensor


class PseudoLabels:
    """The pseudo-labels of one epoch: for each unknown label of each image, what the loss last took it for.

    A pseudo-label is a label that the method chose for this entry. What all unknown labels are taken for alike (assumed
    negatives) is none, nor is what the loss leaves out. Methods write here and never read, and there is no truth here.
    """

    def __init__(self, images: int, classes: int) -> None:
        self._shape = images, classes
        self._signs: Tensor | None = None
        self.positives = self.negatives = False
        """Whether the method makes positives, and negatives; there may be none of them."""

    @torch.no_grad()
    def note(self, rows: Tensor, labels: Tensor, positive: Tensor | None, negative: Tensor | None) -> None:
        """For the images in `rows` (B,) with observed labels (B, C): what counts as present, and as absent.

        positive, negative: bool (B, C) without a common entry, None for a kind that is not made; known labels may be in
        them and are left out. It all stays where it is: a copy in each step would make a GPU wait. One table, as parts
        of their own between a step's large temporaries would fragment the heap.
        """
        signs = torch.zeros_like(labels, dtype=torch.int8)
        if positive is not None:
            signs += positive.to(torch.int8)
        if negative is not None:
            signs -= negative.to(torch.int8)
        if self._signs is None:
            self._signs = torch.zeros(self._shape, dtype=torch.int8, device=labels.device)
        self._signs[rows] = signs * (labels == 0)
        self.positives |= positive is not None
        self.negatives |= negative is not None

    def signs(self) -> np.ndarray:
        """int8 (N, C): +1 where an entry was last taken for positive, -1 for negative, 0 where it has no pseudo-label.

        Images that were not noted have none.
        """
        return np.zeros(self._shape, np.int8) if self._signs is None else self._signs.cpu().numpy()
