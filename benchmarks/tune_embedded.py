"""Choose each method's settings for the embedded benchmark on held-out training images.

    python benchmarks/tune_embedded.py --trials 16 --methods trm_ml_first,dualcoop,asl
    python benchmarks/tune_embedded.py --refine --methods trm_ml_first,dualcoop,asl
    python benchmarks/tune_embedded.py --grid --methods bce_iu,hill,scpnet

The three that the benchmark began with had 18 random trials each, at 10, 50 and 90 % known labels. What came later
takes over the settings of the one it resembles and, where its rate cannot be the same, tries three (`GRIDS` in
`embedded_spaces.py`, at 10 and 50 %), together with what a logit scale of 14 in the place of 100 puts in question.
Losses on the head run exactly as `asl` does; for six of them a grid of six tried whether that is fair.

A trial trains on 80 % of the training images and is judged by the last epoch's mAP on the other 20 %, averaged. Seed
100 is used here and nowhere in the results. The test split plays no part: it is cut to a handful of images, whose
scores are never read. Every trial is appended to a CSV; the best one becomes the method's table in
methods/recipes/embedded.toml, which a person copies.
"""

import argparse
import csv
import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
from embedded_spaces import GRIDS, SAMPLERS

SEED, HOLDOUT = 100, 20
PERCENTS, GRID_PERCENTS = (10, 50, 90), (10, 50)


def refinements(out: Path, method: str) -> list[tuple[str, int, dict[str, Any]]]:
    """The best trial so far with twice the epochs, and with half the learning rate: the same two for every method."""
    with out.open() as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == method]
    best = json.loads(max(rows, key=lambda row: float(row["heldout_mAP"]))["settings"])
    changes = ({"epochs": 2 * best["epochs"]}, {"lr": best["lr"] / 2})
    return [(method, len(rows) + i, {**best, **change}) for i, change in enumerate(changes)]


def trial(method: str, settings: dict[str, Any], percents: tuple[int, ...], scratch: str) -> dict[str, float]:
    """Held-out mAP by percent, their mean, and seconds."""
    import torch

    from bench.executors import Inline
    from bench.executors.driver import run_cells
    from bench.planning.plan import cells, open_dataset, plan
    from bench.planning.request import Request
    from bench.records.store import Store
    from bench.system.device import choose_device
    from bench.training.resources import Resources

    torch.set_num_threads(1)
    overrides = {"scenes": {"n_test": 40}, method: settings}
    sweep = Request(methods=(method,), percents=percents, seeds=(SEED,), holdout=HOLDOUT, overrides=overrides)
    dataset = open_dataset(sweep, Path(scratch) / "cache")
    store = Store(Path(scratch) / "store")
    resources = Resources(
        dataset, choose_device("cpu"), Path(scratch) / "cache", progress=lambda title, done, total: None
    )
    started = time.perf_counter()
    todo = list(cells(plan(sweep, dataset)))
    run_cells(todo, store, Inline(resources, store), _Silent())
    levels = {
        str(cell.percent): store.curve(cell.key)[-1]["heldout_mAP"] if store.state(cell.key) == "done" else 0.0
        for cell in todo
    }
    return {**levels, "mean": float(np.mean(list(levels.values()))), "seconds": time.perf_counter() - started}


class _Silent:
    def cell_started(self, cell: Any) -> None: ...

    def epoch_ended(self, cell: Any, epoch: int, epochs: int, record: Any) -> None: ...

    def cell_ended(self, cell: Any, ending: str, message: str) -> None:
        if ending == "failed":
            print("failed:", cell.title, message, flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default="trm_ml_first,dualcoop,asl")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial, to extend a search")
    parser.add_argument("--grid", action="store_true", help="the method's grid instead of random trials")
    parser.add_argument("--refine", action="store_true", help="two variations of the best trial so far instead")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/embedded_trials.csv"))
    parser.add_argument("--scratch", default=str(Path(tempfile.gettempdir()) / "bench-tune"))
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    names = arguments.methods.split(",")
    plan = (
        []
        if arguments.grid
        else [
            (method, number, SAMPLERS[method](np.random.default_rng([SEED, number])))
            for number in range(arguments.first, arguments.first + arguments.trials)
            for method in names
        ]
    )
    if arguments.refine:
        plan = [entry for method in names for entry in refinements(arguments.out, method)]
    if arguments.grid:
        plan = [(method, n, settings) for method in names for n, settings in enumerate(GRIDS[method].settings())]
    percents = GRID_PERCENTS if arguments.grid else PERCENTS
    new = not arguments.out.exists()
    context = multiprocessing.get_context("spawn")
    with arguments.out.open("a", newline="") as file, ProcessPoolExecutor(arguments.workers, context) as pool:
        table = csv.writer(file)
        if new:
            table.writerow(["method", "trial", "heldout_mAP", "by_percent", "seconds", "settings"])
        jobs = {
            pool.submit(trial, method, settings, percents, arguments.scratch): (method, n, settings)
            for method, n, settings in plan
        }
        for job in as_completed(jobs):
            method, number, settings = jobs[job]
            level = job.result()
            by_percent = {p: round(v, 3) for p, v in level.items() if p.isdigit()}
            row = [method, number, round(level["mean"], 3), json.dumps(by_percent), round(level["seconds"], 1)]
            table.writerow([*row, json.dumps(settings)])
            file.flush()
            print(*row, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
