"""Weights files, read as plain tensors; a file that cannot be read gives an error of one sentence."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from bench.backbones.torchscript import is_torchscript, torchscript_state
from bench.errors import DataError
from bench.system.plain_files import UNREADABLE, load_plain, reason


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors by name in a safetensors file, a TorchScript archive, or a state dict of torch.save.

    A training's checkpoint, which keeps them under "state_dict", will do as well; "module." in front is left out. The
    file's content decides its kind. Nothing in a file is executed.
    """
    try:
        if is_torchscript(path):
            content = torchscript_state(path)
        else:
            content = load_file(path) if _is_safetensors(path) else load_plain(path)
    except UNREADABLE as error:
        raise DataError(
            f"{path} cannot be read as weights ({reason(error)}); give a safetensors file, a state dict of torch.save "
            "that opens with weights_only=True, or OpenAI's TorchScript archive of a CLIP: a file that you trust, load "
            "yourself with torch.load(..., weights_only=False) and torch.save the state_dict() from it."
        ) from error
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise DataError(f"{path} holds no tensors by name; give a file with a model's state_dict().")
    return {name.removeprefix("module."): value for name, value in state.items() if isinstance(value, Tensor)}


def _is_safetensors(path: Path) -> bool:
    """Eight bytes of length, then JSON."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


@contextlib.contextmanager
def a_checkpoint_of(architecture: str, weights: str, or_else: str) -> Iterator[None]:
    """While the block puts `weights` into an `architecture`: one sentence if they do not fit."""
    try:
        yield
    except UNREADABLE as error:
        raise DataError(
            f"the weights {weights!r} are no checkpoint of {architecture} ({reason(error)}); give another file or "
            f"{or_else}."
        ) from error
