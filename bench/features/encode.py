"""From images to features: read by threads a batch ahead, encoded in order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

import numpy as np
import torch
from PIL import Image

from bench.backbones.base import Backbone, ImageFeatures
from bench.data.decode import decoding_threads
from bench.errors import DataError, UsageError

ENCODE_BATCH = 64

Prepare = Callable[[Image.Image, int], Image.Image]
"""Changes image i of a split before it is preprocessed (an augmented view)."""

Precision = Literal["auto", "float32", "float16", "bfloat16"]
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def encoding_dtype(device: torch.device, precision: Precision = "auto") -> torch.dtype:
    """What matrices are multiplied in: float16 on a GPU and float32 on a CPU, unless the backbone states another.

    float16 rather than bfloat16: eleven bits instead of eight, and dense tokens are kept in it anyway. `encode_batch`
    raises an error where a model overflows it; such a model may use bfloat16. On a CPU both are slower than float32.
    """
    if precision != "auto" and precision not in _DTYPES:
        raise UsageError(f"precision {precision!r} is not allowed; give auto, {', '.join(_DTYPES)}.")
    if precision == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    return _DTYPES[precision]


def encode_batch(backbone: Backbone, images: torch.Tensor, dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Dense float16 (B, HW, D) and pooled float32 (B, D) of preprocessed images (B, 3, S, S)."""
    device = backbone.position.device
    with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
        features: ImageFeatures = backbone.encode_images(images.to(device))
    dense, pooled = features.dense.half(), features.pooled.float()
    if not (torch.isfinite(dense).all() and torch.isfinite(pooled).all()):
        cause = "its weights are damaged" if dtype == torch.float32 else "encode in float32 or bfloat16"
        raise DataError(f"the backbone's features overflow half precision; {cause}.")
    return dense.cpu().numpy(), pooled.cpu().numpy()


def batches(
    images: Sequence[Image.Image], backbone: Backbone, prepare: Prepare | None, first: int = 0
) -> Iterator[torch.Tensor]:
    """Preprocessed batches (B, 3, S, S) of images[first:], in order; never more than two in memory beside the caller's.

    Batches start at multiples of ENCODE_BATCH, so a resumed encoding repeats the same ones.
    """

    def load(index: int) -> torch.Tensor:
        image = images[index]
        return backbone.preprocess(image if prepare is None else prepare(image, index))

    def submit(start: int) -> list[Future[torch.Tensor]]:
        return [threads.submit(load, i) for i in range(start, min(start + ENCODE_BATCH, len(images)))]

    threads = ThreadPoolExecutor(decoding_threads())
    try:
        ahead = submit(first)
        while ahead:
            first += ENCODE_BATCH
            current, ahead = ahead, []
            batch = torch.stack([job.result() for job in current])
            del current  # frees its images before the next batch's are read
            ahead = submit(first)
            yield batch
            del batch
    finally:
        threads.shutdown(cancel_futures=True)
