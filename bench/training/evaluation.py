"""Evaluation: logits of whole splits, in float32, without a trace in the random state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader

from bench.stats.metrics import mean_average_precision
from bench.training.batches import OrderedBatches
from bench.training.live import Ahead
from bench.training.mmengine_repairs import undisturbed_randomness
from bench.training.scope import LOOPS, METRICS
from bench.training.weights import scoring_state
from methods import Features


@torch.no_grad()
def split_logits(method: Any, batches: DataLoader | Ahead, device: torch.device) -> np.ndarray:
    """Logits float32 (N, C) of a split; half-precision contexts are shut out, since they tie ranks.

    `method`: a `Method` or a `LiveModel`.
    """
    method.eval()
    with torch.autocast(device.type, enabled=False):
        score = method.scorer()
        rows = cast("OrderedBatches", batches.sampler).indices
        return _stacked((score(_given(batch, device)) for batch in batches), len(rows))


def _stacked(parts: Iterator[torch.Tensor], count: int) -> np.ndarray:
    """Logits (B, C) of all batches as one float32 array of `count` rows.

    It is made before the second batch: small results kept between large temporaries would fragment the heap by
    gigabytes.
    """
    logits, done = np.empty((count, 0), np.float32), 0
    for part in parts:
        if not done:
            logits = np.empty((count, part.shape[1]), np.float32)
        logits[done : done + len(part)] = part.float().cpu().numpy()
        done += len(part)
    return logits


def _given(batch: Mapping[str, Any], device: torch.device) -> Any:
    """What a batch is scored on: its features, or its images where the encoder was trained."""
    if "images" in batch:
        return batch["images"].to(device)
    return Features(*(part.to(device) for part in batch["features"]))


@METRICS.register_module()
class MeanAP(BaseMetric):
    """The headline mAP of one split, as an MMEngine metric over whole-split logits."""

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, np.ndarray]]) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[Mapping[str, np.ndarray]]) -> dict[str, float]:
        return {f"{r['split']}mAP": mean_average_precision(r["logits"], r["labels"]) for r in results}


@dataclass(frozen=True)
class EvaluationSplit:
    """What is scored under one metric prefix ("" is test), and its full labels int8 (N, C)."""

    prefix: str
    batches: DataLoader | Ahead
    labels: np.ndarray


@LOOPS.register_module()
class ScoreLoop(BaseLoop):
    """Scores the test split and, where there is one, the held-out part of the training images.

    dataloader: the splits to score; `logits` keeps the last epoch's logits (N, C) of the first of them, and `weights`
    the very weights that gave them (averaged ones where the method averages).
    only_last: whether epochs before the last are not scored, where encoding the test images costs too much.
    """

    def __init__(self, runner: Any, dataloader: Sequence[EvaluationSplit], evaluator: Any, only_last: bool = False):
        super().__init__(runner, dataloader)
        self.only_last = only_last
        self.evaluator = runner.build_evaluator(evaluator)
        self.logits: np.ndarray | None = None
        self.weights: dict[str, torch.Tensor] = {}

    def run(self) -> dict[str, float]:
        self.runner.call_hook("before_val")
        self.runner.call_hook("before_val_epoch")
        splits = [] if self.only_last and self.runner.epoch < self.runner.max_epochs else self.dataloader
        with undisturbed_randomness():
            for split in splits:
                logits = split_logits(self.runner.model, split.batches, self.runner.device)
                self.evaluator.process([{"split": split.prefix, "logits": logits, "labels": split.labels}])
                if split is self.dataloader[0]:
                    self.logits = logits
        if self.runner.epoch >= self.runner.max_epochs:
            self.weights = scoring_state(self.runner.model)
        metrics = self.evaluator.evaluate(size=len(splits)) if splits else {}
        self.runner.call_hook("after_val_epoch", metrics=metrics)
        self.runner.call_hook("after_val")
        return metrics
