"""The supervised contrast of pairs of views."""

import torch
from torch import Tensor


def supervised_contrast(views: Tensor, classes: Tensor, *, temperature: float = 0.5) -> Tensor:
    """SupCon (Khosla et al., NeurIPS 2020) of unit vectors (V, M, D), V views of M things of `classes` (M,); 0 of none.

    mean over all V M anchors i of: mean over the others j of i's class of
        -log( exp(<i, j> / t) / sum over all others k of exp(<i, k> / t) )
    """
    with torch.autocast(views.device.type, enabled=False):
        vectors, labels = views.float().flatten(0, 1), classes.repeat(len(views))
        if not len(labels):
            return views.float().sum()
        alone = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        similarity = (vectors @ vectors.T / temperature).masked_fill(alone, -torch.inf)
        log_share = similarity - similarity.logsumexp(dim=1, keepdim=True)
        same = (labels[:, None] == labels) & ~alone
        return -(log_share.masked_fill(~same, 0.0).sum(dim=1) / same.sum(dim=1)).mean()
