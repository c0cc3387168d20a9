"""The weights in a TorchScript archive, such as OpenAI's official CLIPs, without loading it as a program.

torch.jit.load runs no Python, but it does run the archive's own TorchScript (`__setstate__`), whose operators can write
any file: PyTorch's SECURITY.md says to treat such an archive as a program of its author. So the tensors are read here
from where the archive stores them, and its code is only looked into for the names of parameters and buffers.
"""

import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.system.plain_files import unpickled

STORAGE_DTYPES = {
    "torch.DoubleStorage": torch.float64,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}


class Module:
    """Stands for any module of the archive. kind: its class there; attributes: values, tensors and further modules."""

    kind = ""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.attributes = state if isinstance(state, dict) else {}


def is_torchscript(path: Path) -> bool:
    """By content: torch.save writes no constants."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as pack:
        return any(name.endswith("/constants.pkl") for name in pack.namelist())


def torchscript_state(path: Path) -> dict[str, Tensor]:
    """The result of `torch.jit.load(path).state_dict()`, on the CPU; one of UNREADABLE if it is no such archive."""
    with zipfile.ZipFile(path) as pack:
        root = next(name for name in pack.namelist() if name.endswith("/constants.pkl")).removesuffix("constants.pkl")
        storages: dict[str, Tensor] = {}

        def stored(pid: Any) -> Tensor:
            _, dtype, key, *_ = pid
            if key not in storages:
                content = bytearray(pack.read(f"{root}data/{key}"))
                storages[key] = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
            return storages[key]

        module = unpickled(pack.read(f"{root}data.pkl"), _allowed, stored)
        return dict(_state(module, "", pack, root))


def _allowed(name: str) -> Any:
    if name.startswith("__torch__."):
        return type("Module", (Module,), {"kind": name})
    if name.startswith("torch.jit._pickle."):
        return _as_it_is  # lists, tagged with the type of their elements
    known = {"torch._utils._rebuild_tensor_v2": _tensor, "collections.OrderedDict": OrderedDict}
    return known.get(name) or STORAGE_DTYPES.get(name)


def _as_it_is(content: Any, *tags: Any) -> Any:
    return content


def _tensor(storage: Tensor, offset: int, size: tuple, stride: tuple, *more: Any) -> Tensor:
    return storage.as_strided(size, stride, offset)  # which refuses what lies outside the storage


def _state(module: Module, prefix: str, pack: zipfile.ZipFile, root: str) -> Iterator[tuple[str, Tensor]]:
    names = _declared(module.kind, pack, root)
    for name, value in module.attributes.items():
        if isinstance(value, Module):
            yield from _state(value, f"{prefix}{name}.", pack, root)
        elif isinstance(value, Tensor) and (names is None or name in names):
            yield f"{prefix}{name}", value


def _declared(kind: str, pack: zipfile.ZipFile, root: str) -> set[str] | None:
    """Names of the parameters and buffers of a class of the archive; None if its code lists none."""
    file, _, name = kind.rpartition(".")
    code = pack.read(f"{root}code/{file.replace('.', '/')}.py").decode()
    lists = rf"^class {re.escape(name)}\(Module\):\n  __parameters__ = (\[.*\])\n  __buffers__ = (\[.*\])$"
    match = re.search(lists, code, re.MULTILINE)
    return set(re.findall(r'"([^"]*)"', match[1] + match[2])) if match else None
