"""Facts that every process must agree on; run as a script they come from a process with another hash seed."""

import hashlib
import json

import numpy as np

from bench.records.cells import Cell
from bench.records.component import Component
from bench.system.seeding import numpy_stream, stream_seed
from protocols import PROTOCOLS
from protocols.splits import held_out

CELL = Cell(
    method=Component("asl", options={"lr": 1e-3, "epochs": 2, "pool": "clip"}),
    dataset=Component("scenes", options={"world": 0}, fingerprint="f" * 64),
    protocol=Component("partial"),
    backbone=Component("tiny_clip", fingerprint="b" * 64),
    percent=10,
    seed=0,
)


def full_labels(images: int = 500, classes: int = 20, seed: int = 0) -> np.ndarray:
    """Labels int8 (N, C), a tenth of them positive."""
    draw = numpy_stream("scene", "labels for tests", seed).random((images, classes))
    return np.where(draw < 0.1, 1, -1).astype(np.int8)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def facts() -> dict:
    protocol = {name: PROTOCOLS.get(name)() for name in ("partial", "single_positive", "full")}
    masks = {
        f"{name} {percent} {seed}": digest(protocol[name].observe(full_labels(), percent, seed))
        for name, percent in (("partial", 10), ("partial", 90), ("single_positive", None), ("full", None))
        for seed in (0, 1)
    }
    return {
        "seeds": [stream_seed("mask", 0), stream_seed("init", "a", 3)],
        "masks": masks,
        "held out": digest(held_out(500, 20, 0)[1]),
        "key": CELL.key,
    }


if __name__ == "__main__":
    print(json.dumps(facts()))  # noqa: T201 - what the parent process reads
