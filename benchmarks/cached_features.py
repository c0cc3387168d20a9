"""A training step as the field's code takes it against one on cached features, and where the rest of the time goes.

    python benchmarks/cached_features.py [--classes 20,80] [--size 448] [--batch 32] [--repeats 3] [--threads 1]

Needs no data and no download: RN101 with random weights, drawn pixels, DualCoOp. "field": each step encodes its images
and takes prompts at all 77 tokens of the context, as the official code does. "cached": features from memory, prompts as
long as the names need. Loss, backward pass and optimiser step are the same; decoding and augmentation, which the
field's way needs too, are in neither. Seconds are wall clock, the median and the range; both in turns in one process.
A smaller setting: --classes 5 --size 64 --batch 4.
"""

import argparse
import functools
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from bench.backbones import BACKBONES, Backbone
from methods import Batch, Features, Task
from methods.baselines.dualcoop import DualCoOp, DualCoOpConfig


class WholeContext(DualCoOp):
    """DualCoOp whose prompts are padded to the text tower's whole context."""

    def texts(self) -> tuple[Tensor, ...]:
        text = self.task.text
        prompts, ends = zip(*(learner.embedded() for learner in (self.negative, self.positive)), strict=True)
        padded = [F.pad(prompt, (0, 0, 0, text.context - prompt.shape[1])) for prompt in prompts]
        return tuple(text(torch.cat(padded), torch.cat(ends)).split(len(prompts[0])))


def task_of(backbone: Backbone, classes: int) -> Task:
    return Task(
        class_names=tuple(f"kind {c}" for c in range(classes)),
        grid=backbone.grid,
        dim=backbone.dim,
        logit_scale=backbone.logit_scale,
        position=backbone.position,
        text_tower=backbone.text,
        observed=torch.zeros(1, classes, dtype=torch.int8),
    )


def steps(model: DualCoOp, features: Callable[[], Features], labels: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 2e-3, momentum=0.9)
    model.start_epoch(0)

    def step() -> None:
        loss = model.loss(Batch(features(), labels, torch.arange(len(labels))))
        optimizer.zero_grad()
        loss["loss_asl"].backward()
        optimizer.step()

    return step


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def encoded(backbone: Backbone, images: Tensor) -> Features:
    features = backbone.encode_images(images)
    return Features(features.dense.float(), features.pooled.float())


def text_pass(model: DualCoOp) -> None:
    torch.stack([features.sum() for features in model.texts()]).sum().backward()


def shares(work: Callable[[], None]) -> str:
    """The operations that take most of a step's processor time."""
    with profile(activities=[ProfilerActivity.CPU]) as taken:
        work()
    events = sorted(taken.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return ", ".join(f"{e.key.removeprefix('aten::')} {e.self_cpu_time_total / total:.0%}" for e in events[:6])


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", default="20,80", help="several by commas")
    parser.add_argument("--size", type=int, default=448, help="pixels")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    kind = BACKBONES.get("RN101")
    backbone = kind(kind.Options(weights="random", image_size=arguments.size))
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(arguments.batch, 3, arguments.size, arguments.size, generator=generator)
    features = encoded(backbone, images)
    dense, pooled = features.dense.half(), features.pooled
    for classes in map(int, arguments.classes.split(",")):
        labels = torch.randint(-1, 2, (arguments.batch, classes), generator=generator).to(torch.int8)
        task, config = task_of(backbone, classes), DualCoOpConfig()
        field = steps(WholeContext(config, task), lambda: encoded(backbone, images), labels)
        model = DualCoOp(config, task)
        cached = steps(model, lambda: Features(dense.float(), pooled), labels)
        cached()
        pairs = [(seconds(field), seconds(cached)) for _ in range(arguments.repeats)]
        text = [seconds(functools.partial(text_pass, model)) for _ in range(arguments.repeats)]
        slow, fast = map(list, zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{classes} classes: field {spread(slow)} s a step, cached {spread(fast)}: {ratio:.1f} times")  # noqa: T201
        print(f"  of the cached step, texts and their gradient alone: {spread(text)} s")  # noqa: T201
        print(f"  its operations: {shares(cached)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
