"""The device that a command trains on."""

import torch

from bench.errors import UsageError


def choose_device(name: str = "auto") -> torch.device:
    """The GPU if there is one and nothing else was requested."""
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {name!r} is not allowed; give auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch finds no GPU here; give auto or cpu.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
