"""Choose what TRM-ML's patent leaves open on held-out training images; the test split plays no part.

    python benchmarks/trm_levels.py --trials trials.jsonl --out benchmarks/trm_trials.csv

Each line of the file is one trial: settings of `trm_ml` on top of its recipe, as JSON. A trial trains on 80 % of the
training images and is judged by the last epoch's mAP on the other 20 %. Which level meets the text at test time changes
no training, so that all three choices of `scored` are read from one. Seeds from 100 on are used here and nowhere in the
results. A trial that is in the CSV already is not run again.
"""

import argparse
import csv
import dataclasses
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

HOLDOUT = 20
SCORED = ("query", "region", "mean")
COLUMNS = ["dataset", "method", "percent", "seed", "settings", *SCORED, "seconds"]


def trial(
    method: str, settings: dict[str, Any], percent: int, seed: int, place: argparse.Namespace
) -> dict[str, float]:
    """Held-out mAP by `scored`, and seconds of training."""
    import torch

    from bench.planning.plan import cells, open_dataset, plan
    from bench.planning.request import Request
    from bench.stats.metrics import mean_average_precision
    from bench.system.device import choose_device
    from bench.training.cell import run_cell
    from bench.training.resources import Resources
    from methods import Features

    torch.set_num_threads(1)
    request = Request(
        methods=(method,), percents=(percent,), seeds=(seed,), holdout=HOLDOUT, overrides={method: settings},
        dataset=place.dataset, root=place.root, backbone=place.backbone,
    )  # fmt: skip
    dataset = open_dataset(request, place.cache)
    resources = Resources(dataset, choose_device("cpu"), place.cache, progress=lambda title, done, total: None)
    cell = dataclasses.replace(next(iter(cells(plan(request, dataset)))), test=False)
    inputs, _ = resources.inputs(cell)
    with tempfile.TemporaryDirectory() as folder:
        result = run_cell(cell, inputs, Path(folder), lambda epoch, record: None)
    model = inputs.method.method(inputs.method.config, inputs.task)
    model.load_state_dict(result.weights, strict=False)
    assert inputs.train is not None
    rows = inputs.heldout_rows
    features = Features(*(torch.from_numpy(part[rows]).float() for part in (inputs.train.dense, inputs.train.pooled)))
    levels = {}
    for scored in SCORED:
        config: Any = inputs.method.config
        model.config = dataclasses.replace(config, scored=scored)
        levels[scored] = round(mean_average_precision(model.score(features).numpy(), inputs.heldout_labels[rows]), 2)
    return {**levels, "seconds": round(result.timings["train"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=Path, required=True, help="JSON settings, one trial a line")
    parser.add_argument("--method", default="trm_ml")
    parser.add_argument("--percents", default="10")
    parser.add_argument("--seeds", default="100")
    parser.add_argument("--dataset", default="scenes")
    parser.add_argument("--root", type=Path)
    parser.add_argument("--backbone", default="tiny_clip")
    parser.add_argument("--cache", type=Path, default=Path("results/cache"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/trm_trials.csv"))
    place = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    done = set()
    if place.out.exists():
        with place.out.open() as file:
            done = {tuple(row[name] for name in COLUMNS[:5]) for row in csv.DictReader(file)}
    with place.out.open("a", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        if not done:
            table.writeheader()
        for seed in place.seeds.split(","):
            for percent in place.percents.split(","):
                for line in filter(None, place.trials.read_text().splitlines()):
                    settings = json.loads(line)
                    key = (place.dataset, place.method, percent, seed, json.dumps(settings))
                    if key in done:
                        continue
                    started = time.process_time()
                    levels = trial(place.method, settings, int(percent), int(seed), place)
                    levels["seconds"] = round(time.process_time() - started)
                    table.writerow(dict(zip(COLUMNS, key, strict=False)) | levels)
                    file.flush()
                    print(*key[2:], levels, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
