"""Randomness as named streams: every draw names the axes that change it, and nothing else does.

A stream's seed is a hash of its name and axes, so streams are independent of each other, of the platform, of the
process and of the order in which they are created.
"""

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

STREAMS = ("mask", "heldout", "init", "order", "augment", "search", "scene", "weights", "bootstrap", "show")


def stream_seed(stream: str, *axes: str | int) -> int:
    """A 63-bit seed for `stream` at `axes`.

    >>> stream_seed("mask", 0) != stream_seed("order", 0)
    True
    """
    if stream not in STREAMS:
        raise ValueError(f"unknown random stream {stream!r}; the named streams are {', '.join(STREAMS)}")
    digest = hashlib.sha256(json.dumps([stream, *axes]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_stream(stream: str, *axes: str | int) -> np.random.Generator:
    """A NumPy generator (PCG64) for `stream` at `axes`."""
    return np.random.Generator(np.random.PCG64(stream_seed(stream, *axes)))


def torch_stream(stream: str, *axes: str | int) -> "torch.Generator":
    """A CPU torch generator for `stream` at `axes`."""
    import torch

    return torch.Generator().manual_seed(stream_seed(stream, *axes))
