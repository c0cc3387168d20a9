"""Hashed seeds: a generator is a pure function of the axes that should change it."""

from hashlib import sha256

import numpy as np

RENDERER_VERSION = 1
"""Counts changes that move a pixel or a label; part of every image id and cache key."""


def seed_of(*axes: str | int) -> int:
    """128-bit seed of a path of axes, e.g. ``seed_of("benchmark", 0, "train", 17, "draw")``."""
    text = "/".join(f"{type(axis).__name__}:{axis}" for axis in ("scenes", RENDERER_VERSION, *axes))
    return int.from_bytes(sha256(text.encode()).digest()[:16], "little")


def generator(*axes: str | int) -> np.random.Generator:
    """A fresh PCG64 stream that depends on ``axes`` alone, not on process, order or earlier draws."""
    return np.random.Generator(np.random.PCG64(seed_of(*axes)))
