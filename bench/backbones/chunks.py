"""Prompts in chunks through a text tower: memory is bounded whatever their number."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

KEPT_BYTES = 2 * 2**30
"""Activations that a pass keeps for its gradient: RN101's tower keeps those of some 300 prompts, COCO's 80 classes in
DualCoOp are 160. Not a share of the machine's memory: how prompts are divided changes the last bits of a feature, and a
cell gives the same scores on every machine."""

CHUNK_BYTES = KEPT_BYTES // 8


def in_chunks(tower: Callable[[Tensor, Tensor], Tensor], embedded: Tensor, end: Tensor, prompt_bytes: int) -> Tensor:
    """`tower(embedded, end)`, (P, D) of embedded prompts (P, L, W); in one pass where KEPT_BYTES hold all activations.

    Otherwise in chunks: the first ones keep their activations as far as these bytes go, the others compute them again
    for the gradient. prompt_bytes: the activations of one prompt.
    """
    most = max(1, KEPT_BYTES // prompt_bytes)
    if len(embedded) <= most:
        return tower(embedded, end)
    size = max(1, CHUNK_BYTES // prompt_bytes)
    again = torch.is_grad_enabled() and embedded.requires_grad
    features, kept = [], max(0, most // size - 1)  # room for one chunk that is computed again
    for number, chunk in enumerate(zip(embedded.split(size), end.split(size), strict=True)):
        if again and number >= kept:
            features.append(checkpoint(tower, *chunk, use_reentrant=False, preserve_rng_state=False))
        else:
            features.append(tower(*chunk))
    return torch.cat(features)
