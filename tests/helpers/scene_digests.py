"""Digests of the pictures of scenes, as a spawned process can compute them."""

import hashlib

import numpy as np

from bench.data.scenes.source import Benchmark


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def picture_digests(source: Benchmark, indices: list[int]) -> list[str]:
    return [digest(source.picture(i)) for i in indices]
