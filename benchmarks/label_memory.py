"""Anonymous memory that labels take in a worker, on the fabricated dataset: MiB a stage, at most and kept behind it.

    python benchmarks/label_memory.py --sizes 82081x80,82081x1200

The driver plans and encodes; then a worker, a process of its own, opens the dataset, gets its cell's inputs (labels,
mask, its digest), the same once more for a cell of another method with the same mask, and judges an epoch's
pseudo-labels. Pages of mapped files are not counted: the machine has them once, whoever maps them.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from bench.executors.location import Location
from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.settings.plugins import load_plugins
from bench.system.peak_memory import PeakMemory, process_memory
from bench.training.hooks.pseudo_labels import PseudoHook
from bench.training.resources import Resources

PLUGIN = str(Path(__file__).with_name("coco_sized.py"))
CPU = torch.device("cpu")


def silent(*progress: Any) -> None:
    """Nobody watches."""


def drive(cache: Path, images: int, classes: int, queue: Any) -> None:
    """Plan two methods' cells, encode what they read, and hand them over."""
    load_plugins([PLUGIN])
    options: dict[str, dict[str, Any]] = {
        "fabricated": {"images": images, "test_images": images // 2, "classes": classes},
        "drawn": {"tokens": 1, "dim": 8, "text_layers": 1},
    }
    request = Request(
        methods=("bce_iu", "asl"), percents=(10,), dataset="fabricated", backbone="drawn", overrides=options
    )
    resources = Resources(open_dataset(request, cache), CPU, cache, progress=silent)
    planned = list(cells(plan(request, resources.dataset)))
    resources.images.prepare(planned[0])
    queue.put((Location.of(resources), planned))


def work(location: Any, planned: Any, queue: Any) -> None:
    """What a worker does with labels."""
    torch.set_num_threads(1)
    load_plugins([PLUGIN])
    resources = location.open(CPU, silent)
    resources.images.backbone(planned[0].backbone)

    def measured(stage: str, stage_work: Callable[[], Any]) -> Any:
        before, started = process_memory(), time.process_time()
        with PeakMemory(CPU) as memory:
            result = stage_work()
        seconds, kept = time.process_time() - started, process_memory() - before
        queue.put((stage, seconds, memory.peak["process"] - before, kept))
        return result

    measured("dataset", lambda: (resources.dataset.train, resources.dataset.test))
    inputs, facts = measured("inputs", lambda: resources.inputs(planned[0]))
    inputs, again = measured("another cell", lambda: resources.inputs(planned[1]))
    assert facts == again
    measured("pseudo-labels", lambda: judge(inputs))
    queue.put((f"mask {facts.sha256[:12]}", 0.0, 0.0, 0.0))
    queue.put(None)


def judge(inputs: Any) -> None:
    """One epoch's pseudo-labels: every unknown label is taken for absent."""
    runner = SimpleNamespace(model=SimpleNamespace(recorder=None))
    hook = PseudoHook(inputs.hidden_labels)
    hook.before_train_epoch(runner)
    for rows in torch.arange(len(inputs.observed)).split(64):
        labels = torch.from_numpy(inputs.observed[rows.numpy()])
        runner.model.recorder.note(rows, labels, None, labels == 0)
    hook.after_train_epoch(runner)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="82081x80", help="IMAGESxCLASSES; several by commas")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "bench_label_memory")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    print(f"{'N':>9}{'C':>6} {'stage':22}{'CPU s':>9}{'MiB':>9}{'kept':>9}")  # noqa: T201
    for images, classes in (map(int, size.split("x")) for size in arguments.sizes.split(",")):
        queue: Any = context.Queue()
        driver = context.Process(target=drive, args=(arguments.cache, images, classes, queue))
        driver.start()
        location, planned = queue.get()
        driver.join()
        for turn in ("first worker", "next worker"):
            worker = context.Process(target=work, args=(location, planned, queue))
            worker.start()
            print(f"{images:9}{classes:6} {turn}", flush=True)  # noqa: T201
            while (one := queue.get()) is not None:
                stage, seconds, most, kept = one
                print(f"{'':15}   {stage:20}{seconds:9.3f}{most:9.1f}{kept:9.1f}", flush=True)  # noqa: T201
            worker.join()


if __name__ == "__main__":
    main()
