"""Scores of many images in constant memory: threads read a batch ahead; unreadable images are named and left out."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bench.data.decode import decoding_threads
from bench.data.images import content_of, pixels_of
from bench.errors import DataError
from bench.prediction.images import ImageSource
from bench.prediction.model import CellModel

SCORE_BATCH = 64


class Scored(NamedTuple):
    """Names of B images and their logits float32 (B, C)."""

    names: list[str]
    logits: np.ndarray


@dataclass
class Outcome:
    """What became of the images so far. copies: name of an image by that of a later one with the same bytes."""

    scored: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)


class _Read(NamedTuple):
    name: str
    image: Tensor | None
    digest: bytes
    problem: str


def scored_batches(
    model: CellModel,
    source: ImageSource,
    device: torch.device,
    outcome: Outcome,
    progress: Callable[[int, int], None],
) -> Iterator[Scored]:
    """Batches in the source's order; `outcome` is filled on the way. Never more than two batches are in memory."""
    first: dict[bytes, str] = {}
    done, outcome.left_out = 0, dict(source.left_out)
    for batch in _batches(model, source):
        done += len(batch)
        for one in batch:
            if one.problem:
                outcome.left_out[one.name] = one.problem
            elif (earlier := first.setdefault(one.digest, one.name)) != one.name:
                outcome.copies[one.name] = earlier
        scored = _scored_batch(model, batch, device)
        del batch, one  # before the next one is waited for
        if scored is not None:
            finite = np.isfinite(scored.logits).all(axis=1)
            names = [name for name, fine in zip(scored.names, finite, strict=True) if fine]
            overflowing = set(scored.names).difference(names)
            outcome.left_out |= dict.fromkeys(overflowing, "its features overflow half precision")
            outcome.scored += len(names)
            yield Scored(names, scored.logits[finite])
        progress(done, len(source.names))


def _scored_batch(model: CellModel, batch: Sequence[_Read], device: torch.device) -> Scored | None:
    sound = [(one.name, one.image) for one in batch if one.image is not None]
    if not sound:
        return None
    images = torch.stack([image for _, image in sound])
    return Scored([name for name, _ in sound], model(images.to(device)).cpu().numpy())


def _batches(model: CellModel, source: ImageSource) -> Iterator[Sequence[_Read]]:
    starts = iter(range(0, len(source.names), SCORE_BATCH))
    waiting: deque[list[Future[_Read]]] = deque()
    threads = ThreadPoolExecutor(decoding_threads())

    def submit() -> None:
        start = next(starts, None)
        if start is not None:
            names = source.names[start : start + SCORE_BATCH]
            waiting.append([threads.submit(_read, model, source.folder / name, name) for name in names])

    try:
        submit()
        while waiting:
            batch = [job.result() for job in waiting.popleft()]
            submit()
            yield batch
            del batch
    finally:
        threads.shutdown(cancel_futures=True)


def _read(model: CellModel, path: Path, name: str) -> _Read:
    try:
        content = content_of(path)
        image = model.preprocess(pixels_of(path, content))
    except DataError as error:
        return _Read(name, None, b"", str(error))
    return _Read(name, image, hashlib.sha256(content).digest(), "")
