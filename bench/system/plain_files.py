"""Files that others may have written, read as plain data: nothing that a file names is imported or called.

A pickle calls whatever it names while it is read, so torch.load always gets `weights_only=True`, which allows tensors
and containers alone; where a library pickles something else, `unpickled` allows only the names that it is given.
"""

import io
import pickle
import re
import struct
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

UNREADABLE = (
    *(RuntimeError, LookupError, AttributeError, TypeError, ValueError, ImportError, StopIteration, EOFError),
    *(AssertionError, OverflowError, MemoryError, pickle.UnpicklingError, SafetensorError, zipfile.BadZipFile),
    struct.error,
)
"""What torch, pickle and safetensors raise of a file that is damaged or holds something else than it should."""


def load_plain(path: Path | str, device: Any = "cpu") -> Any:
    """What torch.save wrote, if it is tensors, numbers, strings and containers of them; one of UNREADABLE if not."""
    with Path(path).open("rb") as file:  # of a path, torch.load would judge the ending too
        return torch.load(file, map_location=device, weights_only=True)


def unpickled(content: bytes, allowed: Callable[[str], Any], stored: Callable[[Any], Any] | None = None) -> Any:
    """A pickle that may use those names alone for which `allowed("module.name")` gives something to stand for them.

    stored: what stands for an object that the pickle keeps outside itself.
    """

    class Restricted(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            attribute = allowed(f"{module}.{name}")
            if attribute is None:
                raise pickle.UnpicklingError(f"Unsupported global: GLOBAL {module}.{name}")
            return attribute

        def persistent_load(self, pid: Any) -> Any:
            if stored is None:
                raise pickle.UnpicklingError("it refers to objects outside itself")
            return stored(pid)

    return Restricted(io.BytesIO(content)).load()


def reason(error: BaseException) -> str:
    """Why a file could not be read, in one line; of what it holds the first name that is not allowed.

    >>> reason(KeyError("meta"))
    "'meta' is missing"
    """
    named = re.search(r"GLOBAL ([\w.]+)", str(error))  # as torch and `unpickled` say it
    if named:
        return f"it holds {named[1]}, which is no plain data and is not run"
    if isinstance(error, pickle.UnpicklingError):
        return "it holds more than plain data, or is damaged"
    if isinstance(error, KeyError):
        return f"{error} is missing"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:  # an EOFError, a StopIteration
        return "it is empty, cut off or damaged"
    text = f"{lines[0]} {lines[1]}" if lines[0].endswith(":") and len(lines) > 1 else lines[0]
    return textwrap.shorten(text, 240, placeholder=" ...")
