"""How long `bench report` takes, part by part: 5 methods x 9 ratios x 3 seeds, as the main table of a paper has.

    python benchmarks/report.py                     # a fabricated store: 20 classes, 2,000 test images
    python benchmarks/report.py --images 20000 --classes 80
    python benchmarks/report.py --results results   # a store of your own

Seconds of the processor, since others may be at work on the machine. Printed: the first report, then one after one cell
has changed, then one after nothing has.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from helpers import store_factory

METHODS = ("trm_ml", "dualcoop", "asl", "clip_zero_shot", "oracle")
GRID = store_factory.Grid(methods=METHODS, percents=tuple(range(10, 100, 10)), seeds=(0, 1, 2), epochs=10)

PARTS = (
    ("bench.report.contents", "ratio_figure", "figure: mAP over ratios"),
    ("bench.report.contents", "gain_figure", "figure: gain"),
    ("bench.report.contents", "learning_figure", "figure: learning curves"),
    ("bench.report.contents", "heat_figure", "figure: AP by class"),
    ("bench.report.contents", "difference_figure", "figure: AP by class, gain"),
    ("bench.report.contents", "frequency_figure", "figure: AP by frequency"),
    ("bench.report.contents", "reliability_figure", "figure: reliability"),
    ("bench.report.contents", "cost_figure", "figure: cost"),
    ("bench.report.contents", "reliabilities", "calibration of the scores"),
    ("bench.report.write", "images_within", "test images resampled"),
    ("bench.report.write", "inputs_digest", "what it is made from"),
    ("bench.report.render.html", "page", "report.html"),
    ("bench.report.write", "_cell_pages", "cells' pages"),
)


@contextmanager
def timed(spent: dict[str, float], part: str) -> Iterator[None]:
    began = time.process_time()
    yield
    spent[part] = spent.get(part, 0.0) + time.process_time() - began


def watch(spent: dict[str, float]) -> None:
    """Let each part of `PARTS` add its time to `spent`."""
    import importlib

    for module, name, part in PARTS:
        home = importlib.import_module(module)
        setattr(home, name, _watched(getattr(home, name), spent, part))


def _watched(function: Callable[..., Any], spent: dict[str, float], part: str) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        with timed(spent, part):
            return function(*arguments, **named)

    return call


def fabricate(root: Path, images: int, classes: int) -> None:
    """A finished store of that many test images and classes."""
    rng = np.random.default_rng(0)
    truth = np.where(rng.random((images, classes)) < 0.1, 1, -1).astype(np.int8)
    store_factory.labels = lambda: truth
    store_factory.CLASSES = tuple(f"class {i}" for i in range(classes))
    store_factory.TEST_IMAGES = images
    store_factory.make_store(root, GRID)


def report(root: Path, spent: dict[str, float]) -> None:
    from bench.records.store import Store
    from bench.report import read_results, write_report

    store = Store(root)
    with timed(spent, "all"):
        with timed(spent, "reading the rows"):
            results = read_results(store)
        write_report(results, store)


def show(title: str, spent: dict[str, float], output: Any = sys.stdout) -> None:
    output.write(f"{title}\n")
    for part, seconds in spent.items():
        if part != "all":
            output.write(f"  {part:28} {seconds:6.2f} s\n")
    output.write(f"  {'all':28} {spent['all']:6.2f} s\n")
    spent.clear()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--results", type=Path, help="a store to copy instead of a fabricated one")
    flags = parser.parse_args()
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "results"
        if flags.results:
            import shutil

            shutil.copytree(flags.results, root, ignore=shutil.ignore_patterns("reports"))
        else:
            fabricate(root, flags.images, flags.classes)
        with timed(spent, "importing"):
            import bench.report.contents
            import bench.report.render.html
            import bench.report.write  # noqa: F401
        watch(spent)
        report(root, spent)
        show("first report", spent)
        from bench.system.files import read_json, write_json

        path = next((root / "cells").glob("*/row.json"))
        write_json(path, {**read_json(path), "finished": "2030-01-01T00:00:00+00:00"})
        report(root, spent)
        show("after one cell has changed", spent)
        report(root, spent)
        show("after nothing has changed", spent)


if __name__ == "__main__":
    main()
