"""Weights files that hold something else than they should."""

import contextlib
from collections.abc import Iterator
from pickle import UnpicklingError

from safetensors import SafetensorError

from bench.errors import DataError

UNUSABLE = (
    *(RuntimeError, LookupError, AttributeError, TypeError, ValueError, ImportError, StopIteration, EOFError),
    *(UnpicklingError, SafetensorError),
)
"""What torch, safetensors and open_clip raise of a file that is damaged, no checkpoint, or another model's."""


@contextlib.contextmanager
def a_checkpoint_of(architecture: str, weights: str, or_else: str) -> Iterator[None]:
    """While the block reads `weights` into an `architecture`: one sentence if that cannot be done."""
    try:
        yield
    except UNUSABLE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"the weights {weights!r} are no checkpoint of {architecture} ({reason}); give another file or {or_else}."
        ) from error
