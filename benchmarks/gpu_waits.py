"""Operations of a training step that make the processor wait for a GPU, counted without one.

    python benchmarks/gpu_waits.py --methods all

A step's kernels are queued and the processor runs ahead, until it needs a value: `.item()`, `if tensor:`, an index by a
mask, `nonzero`. The operations that PyTorch runs on a CPU show which steps do. Not counted is what only a GPU's step
has: copies of the batch to it, and half precision's scaler, which waits once a step.
"""

import argparse
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from mmengine.runner import EpochBasedTrainLoop
from torch.utils._python_dispatch import TorchDispatchMode

from bench.executors import Inline
from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.records.store import Store
from bench.system.paths import default_cache
from bench.training.resources import Resources
from methods import METHODS

WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive", "equal")
COUNTERS = ("mmengine/optimizer_wrapper.py", "mmengine/averaged_model.py")
"""Steps are counted in tensors there that stay on the processor."""
ROOT = Path(__file__).resolve().parents[1]


class Waits(TorchDispatchMode):
    """Counts operations by the line of this project or of MMEngine that asks for them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Counter[str] = Counter()

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = operation.overloadpacket.__name__
        if name in WAITING or (name.startswith("index") and _has_mask(args)):
            line = _line()
            if not line.startswith(COUNTERS):
                self.lines[f"{line} {name}"] += 1
        return operation(*args, **(kwargs or {}))


def _has_mask(args: Any) -> bool:
    indices = args[1] if len(args) > 1 and isinstance(args[1], list | tuple) else ()
    return any(isinstance(index, torch.Tensor) and index.dtype in (torch.bool, torch.uint8) for index in indices)


def _line() -> str:
    for frame in reversed(traceback.extract_stack()):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT / "bench") or path.is_relative_to(ROOT / "methods"):
            return f"{path.relative_to(ROOT)}:{frame.lineno}"
        if "mmengine" in path.parts:
            return f"mmengine/{path.name}:{frame.lineno}"
    return "backward"


@contextmanager
def counted_steps() -> Iterator[tuple[Waits, list[int]]]:
    """What training steps inside the block ask for, hooks and optimiser included; and how many steps there were."""
    waits, steps, run_iter = Waits(), [0], EpochBasedTrainLoop.run_iter

    def counted(loop: Any, *args: Any) -> None:
        steps[0] += 1
        with waits:
            run_iter(loop, *args)

    EpochBasedTrainLoop.run_iter = counted
    try:
        yield waits, steps
    finally:
        EpochBasedTrainLoop.run_iter = run_iter


def waits_of(method: str, folder: Path, epochs: int, cache: Path) -> tuple[Counter[str], int]:
    """Operations of a short training of the method by line, and its steps; none for what is not trained."""
    overrides: dict[str, dict[str, Any]] = {"scenes": {"n_train": 120, "n_test": 60}}
    if METHODS.get(method).Config().epochs:
        overrides[method] = {"epochs": epochs}
    request = Request((method,), (50,), overrides=overrides)
    dataset = open_dataset(request, cache)
    resources = Resources(dataset, torch.device("cpu"), cache, progress=lambda title, done, total: None)
    with counted_steps() as (waits, steps):
        for cell in cells(plan(request, dataset)):
            ended = Inline(resources, Store(folder)).submit(cell).result()
            assert ended.ending == "done", ended.message
    return waits.lines, steps[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", default="trm_ml,dualcoop", help="comma-separated names, or all")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for method in METHODS.names() if options.methods == "all" else options.methods.split(","):
        with TemporaryDirectory() as folder:
            try:
                lines, steps = waits_of(method, Path(folder), options.epochs, default_cache())
            except Exception as error:
                print(f"{method}: {error}")  # noqa: T201
                continue
        print(f"{method}: {sum(lines.values()) / max(steps, 1):.1f} a step", flush=True)  # noqa: T201
        for line, count in lines.most_common():
            print(f"    {count / steps:5.1f}  {line}")  # noqa: T201


if __name__ == "__main__":
    main()
