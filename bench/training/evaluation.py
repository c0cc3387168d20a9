"""Evaluation of the splits of a cell, without a trace in the random state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader

from bench.stats.metrics import mean_average_precision
from bench.training.ahead import Ahead
from bench.training.hooks.curve import DivergedError
from bench.training.logits import split_logits
from bench.training.random_state import undisturbed_randomness
from bench.training.weights import scoring_state


class MeanAP(BaseMetric):
    """The headline mAP of one split, as an MMEngine metric over whole-split logits."""

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, np.ndarray]]) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[Mapping[str, np.ndarray]]) -> dict[str, float]:
        return {f"{r['split']}mAP": mean_average_precision(r["logits"], r["labels"]) for r in results}


@dataclass(frozen=True)
class EvaluationSplit:
    """What is scored under one metric prefix ("" is test), and its full labels int8 (N, C).

    each: after each epoch, else after the last one only.
    """

    prefix: str
    batches: DataLoader | Ahead
    labels: np.ndarray
    each: bool


class ScoreLoop(BaseLoop):
    """Scores the test split and, where there is one, the held-out part of the training images.

    dataloader: the splits to score; `logits` keeps the last epoch's logits (N, C) of the first of them, and `weights`
    the very weights that gave them (averaged ones where the method averages).
    """

    def __init__(self, runner: Any, dataloader: Sequence[EvaluationSplit], evaluator: Any):
        super().__init__(runner, dataloader)
        self.evaluator = runner.build_evaluator(evaluator)
        self.logits: np.ndarray | None = None
        self.weights: dict[str, torch.Tensor] = {}

    def run(self) -> dict[str, float]:
        self.runner.call_hook("before_val")
        self.runner.call_hook("before_val_epoch")
        last = self.runner.epoch >= self.runner.max_epochs
        splits = [split for split in self.dataloader if last or split.each]
        with undisturbed_randomness():
            for split in splits:
                logits = split_logits(self.runner.model, split.batches, self.runner.device)
                if not np.isfinite(logits).all():
                    raise DivergedError(f"scores are not finite after epoch {self.runner.epoch}; lower the rate.")
                self.evaluator.process([{"split": split.prefix, "logits": logits, "labels": split.labels}])
                if split is self.dataloader[0]:
                    self.logits = logits
        if last:
            self.weights = scoring_state(self.runner.model)
        metrics = self.evaluator.evaluate(size=len(splits)) if splits else {}
        self.runner.call_hook("after_val_epoch", metrics=metrics)
        self.runner.call_hook("after_val")
        return metrics
