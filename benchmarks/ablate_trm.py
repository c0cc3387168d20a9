"""TRM-ML taken apart: its ladder of components at some ratios and seeds, on the embedded benchmark.

    python benchmarks/ablate_trm.py --ratios 0.1,0.5,0.9 --seeds 0-2 --results results

Every rung keeps the embedded recipe and only switches parts off, so differences are the parts'. Cells go into the store
like any others: finished ones are not run again, and starting the script twice shares the work.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.cli.options import default_cache
from bench.plan import Sweep, cells, open_dataset, plan
from bench.ratios import parse_ratios, parse_seeds
from bench.store import Store
from bench.sweep import run_cells
from bench.workbench import Workbench, choose_device
from methods.trm_ml.ablation import LADDER


class Lines:
    """An observer that prints what ended."""

    def cell_started(self, cell: Any) -> None: ...

    def epoch_ended(self, cell: Any, epoch: int, epochs: int, record: Any) -> None: ...

    def cell_ended(self, cell: Any, ending: str, message: str) -> None:
        print(cell.title, ending, message, flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratios", default="0.1,0.5,0.9")
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--results", type=Path, default=Path("results"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    percents, seeds = parse_ratios(arguments.ratios), parse_seeds(arguments.seeds)
    store = Store(arguments.results)
    plans = {}
    for rung, overrides in LADDER.items():
        sweep = Sweep(("trm_ml",), tuple(percents), tuple(seeds), overrides={"trm_ml": overrides})
        dataset = open_dataset(sweep, default_cache())
        plans[rung] = plan(sweep, dataset)
    bench = Workbench(dataset, choose_device(), default_cache(), progress=lambda what, done, total: None)
    run_cells([cell for entries in plans.values() for cell in cells(entries)], store, bench, Lines())

    print("| | " + " | ".join(f"{percent} %" for percent in percents) + " |")  # noqa: T201
    print("| --- |" + " --- |" * len(percents))  # noqa: T201
    for rung, entries in plans.items():
        levels = []
        for percent in percents:
            maps = [store.row(e.cell.key).mAP for e in entries if e.cell and e.percent == percent]
            spread = f" ± {np.std(maps, ddof=1):.2f}" if len(maps) > 1 else ""
            levels.append(f"{np.mean(maps):.2f}{spread}")
        print(f"| {rung} | " + " | ".join(levels) + " |")  # noqa: T201


if __name__ == "__main__":
    main()
