"""The state of every global random generator: read, restored, and kept from what is drawn in between."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """The state of every global random generator; of GPUs, that of the current one, which may have any number."""
    cuda = [torch.cuda.get_rng_state()] if torch.cuda.is_available() else []
    kind, keys, *rest = np.random.get_state()
    numpy = (kind, np.asarray(keys).tolist(), *rest)  # numbers alone: an array is no plain data
    return {"python": random.getstate(), "numpy": numpy, "torch": torch.get_rng_state(), "cuda": cuda}


def restore_random_state(state: dict[str, Any]) -> None:
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"]:
        torch.cuda.set_rng_state(state["cuda"][0].cpu())


@contextmanager
def undisturbed_randomness() -> Iterator[None]:
    """Whatever is drawn inside the block, the generators outside do not notice."""
    state = random_state()
    try:
        yield
    finally:
        restore_random_state(state)
