"""Where a sweep's time goes: encoding, text tower, head, harness. Ratios within one run; machines are noisy.

    python benchmarks/where_time_goes.py [--repeats 5] [--methods trm_ml,dualcoop,asl]

Each line is the median over repeats. "harness" is what an epoch of MMEngine (hooks, batches, schedule, checkpoint)
costs beside the method's own forward, backward and optimiser step.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.planning.plan import cells, open_dataset, plan
from bench.planning.request import Request
from bench.system.device import choose_device
from bench.system.paths import default_cache
from bench.training import run_cell
from bench.training.batches import FeatureBatches
from bench.training.loaders import loader
from bench.training.logits import split_logits
from bench.training.order import OrderedBatches, ShuffledBatches
from bench.training.resources import Resources
from methods import METHODS, Batch
from methods.layers.prompts import PromptLearner


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time after one unmeasured call."""
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--methods", default="trm_ml,dualcoop,asl")
    arguments = parser.parse_args()

    torch.set_num_threads(1)  # as a worker of `bench run` has
    names = tuple(arguments.methods.split(","))
    sweep = Request(methods=names, percents=(50,))
    dataset = open_dataset(sweep, default_cache())
    resources = Resources(dataset, choose_device(), default_cache(), progress=lambda title, done, total: None)
    todo = list(cells(plan(sweep, dataset)))
    backbone = resources.images.backbone(todo[0].backbone)

    report = []
    images = torch.stack([backbone.preprocess(dataset.train.images[i]) for i in range(64)])
    encode = seconds(lambda: backbone.encode_images(images), arguments.repeats) / 64
    report.append(("encode an image", encode * 1e3, f"{1 / encode:.0f} images/s"))
    learner = PromptLearner(backbone.text, dataset.class_names, 4, True)
    embedded, end = learner.embedded()
    needed = seconds(lambda: backbone.text(learner.embedded()[0], end).sum().backward(), arguments.repeats)
    padding = torch.zeros(len(embedded), backbone.text.context - embedded.shape[1], embedded.shape[2])
    full = seconds(
        lambda: backbone.text(torch.cat([learner.embedded()[0], padding], 1), end).sum().backward(), arguments.repeats
    )
    report.append(
        (f"text tower, {embedded.shape[1]} tokens", needed * 1e3, f"{full / needed:.1f}x at {backbone.text.context}")
    )

    for cell in todo:
        inputs, _ = resources.inputs(cell)
        config = METHODS.get(cell.method.name).Config(**cell.method.options)
        torch.manual_seed(0)
        model = METHODS.get(cell.method.name)(config, inputs.task).to(resources.device)
        model.start_epoch(config.epochs - 1)
        optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
        batches = ShuffledBatches(inputs.train_rows, config.batch_size, 0)
        data = FeatureBatches(inputs.train, inputs.observed)

        def fetch(data: FeatureBatches = data, batches: ShuffledBatches = batches) -> None:
            for indices in batches:
                data[indices]

        def bare(
            model: torch.nn.Module = model,
            optimizer: torch.optim.Optimizer = optimizer,
            data: FeatureBatches = data,
            batches: ShuffledBatches = batches,
        ) -> None:
            model.train()
            for indices in batches:
                batch: dict[str, Any] = data[indices]
                terms = model.loss(Batch(**batch))
                optimizer.zero_grad()
                sum(value for name, value in terms.items() if "loss" in name).backward()
                optimizer.step()

        test = FeatureBatches(inputs.test, inputs.test_labels)
        every = loader(test, OrderedBatches(np.arange(len(test)), 250))
        epoch, fetching = seconds(bare, arguments.repeats), seconds(fetch, arguments.repeats)
        evaluating = seconds(
            lambda model=model, every=every: split_logits(model, every, resources.device), arguments.repeats
        )
        with tempfile.TemporaryDirectory() as folder:
            outcome = run_cell(cell, inputs, Path(folder), watch=lambda epoch, record: None)
        whole = outcome.timings["total"]
        mathematics = (epoch - fetching) * config.epochs
        share = 1 - (epoch + evaluating) * config.epochs / whole
        name = cell.method.name
        report += [
            (f"{name}: an epoch's mathematics", (epoch - fetching) * 1e3, f"{mathematics / whole:.0%} of the cell"),
            (f"{name}: an epoch's batches", fetching * 1e3, f"{fetching * config.epochs / whole:.1%} of the cell"),
            (
                f"{name}: scoring the test split",
                evaluating * 1e3,
                f"{evaluating * config.epochs / whole:.1%} of the cell",
            ),
            (f"{name}: the whole cell", whole * 1e3, f"harness {share:.1%}"),
        ]
    for what, milliseconds, note in report:
        print(f"{what:40} {milliseconds:10.2f} ms   {note}")  # noqa: T201


if __name__ == "__main__":
    main()
