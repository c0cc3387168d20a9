"""The adjacency of classes: how often they occur together in observed labels."""

from torch import Tensor


def adjacency(observed: Tensor) -> Tensor:
    """A[i, j] = count(i and j) / count(i), (C, C), over the known positives of labels (N, C); ones on the diagonal.

    An estimate of P(j | i) that takes unknown for absent, as HCP's code does. There, a class without a known positive
    has a row of NaN; here that row has only its diagonal.
    """
    positive = (observed > 0).float()
    together = positive.T @ positive
    conditional = together / together.diagonal().clamp(min=1)[:, None]
    return conditional.fill_diagonal_(1.0)
