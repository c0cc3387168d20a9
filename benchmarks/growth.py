"""Growth of a method's CPU seconds and memory with the images (N) and the classes (C), on the fabricated dataset.

    python benchmarks/growth.py --methods bce_iu,role,scpnet --images 5000,20000,80000
    python benchmarks/growth.py --methods asl,role --images 5000,20000,80000 --classes 80,20,200,500 --plot growth.png

Images and classes vary one at a time, the other at its first size. Each measurement has a process of its own. "open":
dataset, mask and all that a cell gets. "first": the model and its first step. "step": the steps behind it. "score": the
scoring of the test split. With --cell instead a whole cell through MMEngine. MiB is anonymous memory (pages of mapped
features are not counted): at most during the phase, and "kept" behind it, each more than before it.

--csv keeps what was measured, and adds to what the file holds; --plot draws all of it.
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

import numpy as np
import torch
from growth_figure import Measured, growth_figure

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
    model = measured("first", lambda: next(steps))
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


def merged(path: Path, measured: Sequence[Measured]) -> list[Measured]:
    """What the file holds and what was measured now, which is written into it."""
    fields = [field.name for field in dataclasses.fields(Measured)]
    lines = list(csv.reader(path.open())) if path.exists() else []
    whole = [Measured(m, int(n), int(c), phase, *map(float, numbers)) for m, n, c, phase, *numbers in lines[1:]]
    whole += measured
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([fields, *map(dataclasses.astuple, whole)])
    return whole


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
    images, classes = (list(map(int, text.split(","))) for text in (arguments.images, arguments.classes))
    sizes = [*((n, classes[0]) for n in images), *((images[0], c) for c in classes[1:])]
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
        measured = merged(arguments.csv, measured)
    if arguments.plot:
        arguments.plot.write_bytes(growth_figure(measured))


if __name__ == "__main__":
    main()
