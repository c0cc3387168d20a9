"""Evaluation: logits of whole splits, in float32, without a trace in the random state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader

from bench.compat import undisturbed_randomness
from bench.metrics import mean_average_precision
from bench.runner.scope import LOOPS, METRICS
from methods import Features, Method


@torch.no_grad()
def split_logits(method: Method, batches: DataLoader, device: torch.device) -> np.ndarray:
    """Logits float32 (N, C) of a split; half-precision contexts are shut out, since they tie ranks."""
    method.eval()
    with torch.autocast(device.type, enabled=False):
        score = method.scorer()
        parts = [score(Features(*(part.to(device) for part in batch["features"]))).float().cpu() for batch in batches]
    return torch.cat(parts).numpy()


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
    batches: DataLoader
    labels: np.ndarray


@LOOPS.register_module()
class ScoreLoop(BaseLoop):
    """Scores the test split and, where there is one, the held-out part of the training images.

    dataloader: the splits to score; `logits` keeps the last epoch's test logits (N, C).
    """

    def __init__(self, runner: Any, dataloader: Sequence[EvaluationSplit], evaluator: Any):
        super().__init__(runner, dataloader)
        self.evaluator = runner.build_evaluator(evaluator)
        self.logits: np.ndarray | None = None

    def run(self) -> dict[str, float]:
        self.runner.call_hook("before_val")
        self.runner.call_hook("before_val_epoch")
        with undisturbed_randomness():
            for split in self.dataloader:
                logits = split_logits(self.runner.model, split.batches, self.runner.device)
                self.evaluator.process([{"split": split.prefix, "logits": logits, "labels": split.labels}])
                if split.prefix == "":
                    self.logits = logits
        metrics = self.evaluator.evaluate(size=len(self.dataloader))
        self.runner.call_hook("after_val_epoch", metrics=metrics)
        self.runner.call_hook("after_val")
        return metrics
