"""Growth of a method's CPU seconds and memory with the images (N) and the classes (C), on the fabricated dataset.

    python benchmarks/growth.py --methods bce_iu,role,scpnet --images 5000,10000,20000,40000 --plot growth.png
    python benchmarks/growth.py --methods dualcoop,sst --classes 20,40,80,160 --plot growth_in_classes.png

Each measurement has a process of its own. "open": dataset, mask and all that a cell gets. "step": steps of training,
without the first. "score": the scoring of the test split. With --cell instead a whole cell through MMEngine. MiB is
anonymous memory (pages of mapped features are not counted): at most during the phase, and "kept" behind it, each more
than before it.
"""

import argparse
import csv
import dataclasses
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch

from bench.axes.methods import resolved_method
from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.settings.plugins import load_plugins
from bench.system.peak_memory import PeakMemory, process_memory
from bench.training import run_cell
from bench.training.batches import FeatureBatches
from bench.training.loaders import TEST_BATCH, loader
from bench.training.logits import split_logits
from bench.training.order import OrderedBatches, ShuffledBatches
from bench.training.resources import Resources
from methods import Batch

matplotlib.use("agg")


@dataclasses.dataclass(frozen=True)
class Measured:
    """CPU seconds of the process, per step in "step"; MiB more than before the phase: at most, and kept behind it."""

    method: str
    images: int
    classes: int
    phase: str
    seconds: float
    mib: float
    kept: float


def measure(work: Callable[[], Any]) -> tuple[Any, float, float, float]:
    before, started = process_memory(), time.process_time()
    with PeakMemory(torch.device("cpu")) as memory:
        result = work()
    return result, time.process_time() - started, memory.peak["process"] - before, process_memory() - before


def phases(arguments: argparse.Namespace, method: str, images: int, classes: int) -> Iterator[Measured]:
    torch.set_num_threads(1)
    load_plugins([str(Path(__file__).with_name("coco_sized.py"))])
    options: dict[str, dict[str, Any]] = {
        "fabricated": {"images": images, "test_images": arguments.test_images or images // 2, "classes": classes},
        "drawn": {"tokens": arguments.tokens, "dim": arguments.dim},
    }
    options[method] = {"epochs": arguments.epochs}
    if arguments.text_layers:
        options["drawn"]["text_layers"] = arguments.text_layers
    request = Request(methods=(method,), percents=(10,), dataset="fabricated", backbone="drawn", overrides=options)
    dataset = open_dataset(request, arguments.cache)
    [cell] = cells(plan(request, dataset))
    resources = Resources(dataset, torch.device("cpu"), arguments.cache, progress=lambda title, done, total: None)
    resources.images.prepare(cell)
    resources.images.backbone(cell.backbone)

    def measured(phase: str, work: Callable[[], Any], times: int = 1) -> Any:
        result, seconds, mib, kept = measure(work)
        finished.append(Measured(method, images, classes, phase, seconds / times, mib, kept))
        return result

    finished: list[Measured] = []
    inputs, _ = measured("open", lambda: resources.inputs(cell))
    if arguments.cell:
        with tempfile.TemporaryDirectory() as folder:
            measured("cell", lambda: run_cell(cell, inputs, Path(folder), watch=lambda epoch, record: None))
        yield from finished
        return
    steps = trained(cell, inputs, arguments.steps)
    model = next(steps)
    measured("step", lambda: list(steps), arguments.steps)
    test = FeatureBatches(inputs.test, inputs.test_labels, inputs.method.needs_dense)
    every = loader(test, OrderedBatches(np.arange(len(test)), TEST_BATCH))
    measured("score", lambda: split_logits(model, every, resources.device))
    yield from finished


def trained(cell: Cell, inputs: Any, steps: int) -> Iterator[Any]:
    """The model after its first step, then after each of `steps` more."""
    config = resolved_method(cell.method).config
    torch.manual_seed(0)
    model = inputs.method.method(config, inputs.task)
    model.start_epoch(max(config.epochs - 1, 0))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 1e-4)
    batches = iter(ShuffledBatches(inputs.train_rows, config.batch_size, 0))
    data = FeatureBatches(inputs.train, inputs.observed, inputs.method.needs_dense)
    model.train()
    for _ in range(steps + 1):
        terms = model.loss(Batch(**data[next(batches)]))
        optimizer.zero_grad()
        sum(value for name, value in terms.items() if "loss" in name).backward()
        optimizer.step()
        yield model


def answer(arguments: argparse.Namespace, case: tuple[str, int, int], queue: Any) -> None:
    try:
        queue.put(list(phases(arguments, *case)))
    except Exception as error:
        queue.put(f"{type(error).__name__}: {error}")


def plot(measured: Sequence[Measured], along: str, path: Path) -> None:
    """One panel for seconds and one for MiB of each phase, over the size, on logarithmic axes."""
    from matplotlib import pyplot as plt

    names = list(dict.fromkeys(one.phase for one in measured))
    ticks = sorted({getattr(one, along) for one in measured})
    figure, axes = plt.subplots(2, len(names), figsize=(3.6 * len(names), 6), sharex=True, squeeze=False)
    for column, phase in enumerate(names):
        for row, (value, label) in enumerate((("seconds", "CPU seconds"), ("mib", "MiB more at most"))):
            axis = axes[row][column]
            for method in dict.fromkeys(one.method for one in measured):
                own = [one for one in measured if (one.method, one.phase) == (method, phase)]
                axis.plot(
                    [getattr(one, along) for one in own], [getattr(one, value) for one in own], "o-", label=method
                )
            axis.set(xscale="log", yscale="linear" if row else "log", title="" if row else phase, ylabel=label)
            axis.set_xticks(ticks, [f"{size:,}" for size in ticks])
            axis.minorticks_off()
            axis.grid(alpha=0.3)
            if row:
                axis.set(xlabel=along)
                axis.set_ylim(min(0, axis.get_ylim()[0]), max(1, axis.get_ylim()[1]))
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="bce_iu")
    parser.add_argument("--images", default="20000", help="training images; several by commas")
    parser.add_argument("--classes", default="80", help="several by commas")
    parser.add_argument("--test-images", type=int, default=0, help="default: half as many as training images")
    parser.add_argument("--tokens", type=int, default=4)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--text-layers", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--cell", action="store_true", help="a whole cell instead of steps and scoring")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "bench_growth")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    sizes = [(int(n), int(c)) for n in arguments.images.split(",") for c in arguments.classes.split(",")]
    context, measured = multiprocessing.get_context("spawn"), []
    print(f"{'method':12}{'N':>9}{'C':>6} {'phase':6}{'CPU s':>9}{'MiB':>9}{'kept':>8}")  # noqa: T201
    for case in [(method, n, c) for method in arguments.methods.split(",") for n, c in sizes]:
        queue = context.Queue()
        process = context.Process(target=answer, args=(arguments, case, queue))
        process.start()
        result = queue.get()
        process.join()
        if isinstance(result, str):
            print(f"{case[0]:12}{case[1]:9}{case[2]:6} {result}", flush=True)  # noqa: T201
            continue
        for one in result:
            numbers = f"{one.seconds:9.3f}{one.mib:9.1f}{one.kept:8.1f}"
            print(f"{one.method:12}{one.images:9}{one.classes:6} {one.phase:6}{numbers}", flush=True)  # noqa: T201
        measured += result
    if arguments.csv:
        with arguments.csv.open("w") as file:
            writer = csv.writer(file)
            writer.writerow([field.name for field in dataclasses.fields(Measured)])
            writer.writerows(dataclasses.astuple(one) for one in measured)
    if arguments.plot:
        plot(measured, "images" if "," in arguments.images else "classes", arguments.plot)


if __name__ == "__main__":
    main()
