"""The final weights of a cell: as much of a model's state as its scores need, in one file, and back in a model."""

import functools
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from bench.axes.methods import resolved_method
from bench.errors import DataError
from bench.records.cells import Cell
from bench.records.component import canonical_json
from bench.training.live import Live
from bench.training.live_model import LiveModel
from methods import Method, Task

Weights = Mapping[str, Tensor]
"""Parameters and persistent buffers by name, on the CPU."""


def scoring_state(model: Any) -> dict[str, Tensor]:
    """The state of a `Method` or `LiveModel` as it scores now, but for what its method says that training alone needs.

    Frozen towers are in no model's state; a trained image encoder is, with the parts that are trained.
    """
    left_out = _training_only(model)
    state: Mapping[str, Tensor] = model.state_dict()
    # Cloned: evaluation with averaged weights puts the plain ones back behind it.
    return {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in state.items()
        if not name.startswith(left_out)
    }


def to_bytes(weights: Weights, cell: Cell, code: str) -> bytes:
    """A safetensors file, which also says whose weights they are; equal for equal weights. code: the source's hash."""
    # Of several entries, safetensors writes one or another first.
    owner = canonical_json({"cell": cell.key, "title": cell.title, "code": code})
    return save(dict(weights), metadata={"trained": owner})


def from_bytes(content: bytes) -> dict[str, Tensor]:
    """What `to_bytes` was given; DataError if the file is damaged."""
    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise DataError(f"the weights cannot be read ({error}); train the cell again.") from None


def model_of(cell: Cell, task: Task, live: Live | None = None) -> Any:
    """An untrained `Method`, or `LiveModel` where the feed is live, as a training of the cell begins with."""
    method = resolved_method(cell.method)
    make = functools.partial(method.method, config=method.config, task=task)
    return make() if live is None else LiveModel(make, live, method.needs_dense)


def restored(cell: Cell, task: Task, weights: Weights, device: torch.device, live: Live | None = None) -> Any:
    """The cell's trained `Method` or `LiveModel` in evaluation mode. DataError if the weights are another model's."""
    model = model_of(cell, task, live).to(device)
    # Weights of an earlier version may hold more of what training alone needs.
    needed = {name: value for name, value in weights.items() if not name.startswith(_training_only(model))}
    try:
        result = model.load_state_dict(needed, strict=False)
        problem = next(iter(result.unexpected_keys), "") and f"{result.unexpected_keys[0]!r} has no place in it"
        missing = [name for name in result.missing_keys if not name.startswith(_training_only(model))]
        problem = problem or (f"{missing[0]!r} is missing" if missing else "")
    except RuntimeError as error:
        problem = str(error).strip().splitlines()[-1].strip()
    if problem:
        raise DataError(
            f"the weights of {cell.title} do not fit the method as it is now ({problem}): its source code has changed "
            "since; train the cell again."
        )
    return model.eval()


def _training_only(model: Any) -> tuple[str, ...]:
    """Beginnings of the names of states that no score needs."""
    live = isinstance(model, LiveModel)
    method: Method = model.method if live else model
    return tuple(f"{'method.' if live else ''}{part}." for part in method.training_only)
