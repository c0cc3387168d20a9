"""Logits of whole splits, in float32."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import DataLoader

from bench.training.ahead import Ahead
from bench.training.order import OrderedBatches
from methods import Features


@torch.no_grad()
def split_logits(method: Any, batches: DataLoader | Ahead, device: torch.device) -> np.ndarray:
    """Logits float32 (N, C) of a split; half-precision contexts are shut out, since they tie ranks.

    `method`: a `Method` or a `LiveModel`.
    """
    method.eval()
    with torch.autocast(device.type, enabled=False):
        score = method.scorer()
        rows = cast("OrderedBatches", batches.sampler).indices
        return _stacked((score(_given(batch, device)) for batch in batches), len(rows))


def _stacked(parts: Iterator[torch.Tensor], count: int) -> np.ndarray:
    """Logits (B, C) of all batches as one float32 array of `count` rows.

    It is made before the second batch: small results kept between large temporaries would fragment the heap by
    gigabytes.
    """
    logits, done = np.empty((count, 0), np.float32), 0
    for part in parts:
        if not done:
            logits = np.empty((count, part.shape[1]), np.float32)
        logits[done : done + len(part)] = part.float().cpu().numpy()
        done += len(part)
    return logits


def _given(batch: Mapping[str, Any], device: torch.device) -> Any:
    """What a batch is scored on: its features, or its images where the encoder was trained."""
    if "images" in batch:
        return batch["images"].to(device)
    return Features(*(part.to(device) for part in batch["features"]))
