"""The curve of a training: one line an epoch, and early failure."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook

from bench.errors import BenchError


class DivergedError(BenchError):
    """The loss or the scores are not finite any more."""


class Stopped(Exception):  # noqa: N818 - no error: the watcher of the training ended it
    """The training was ended between two epochs, behind a checkpoint."""


class CurveHook(Hook):
    """One line of `curve.jsonl` an epoch: mean training terms, base rate of the last step, metrics, seconds.

    `watch(epoch, record)` is called after each line; True ends the training, unless that was its last epoch.
    """

    priority = "LOW"

    def __init__(self, path: Path, watch: Callable[[int, dict[str, Any]], bool | None]):
        self.path, self.watch = path, watch
        self._stop = False
        self._sums: dict[str, Any] = {}
        self._terms: dict[str, float] = {}
        self._steps = 0
        self._started = self._trained = self._rate = 0.0

    def before_train_epoch(self, runner: Any) -> None:
        if self._stop:
            raise Stopped  # only here: the checkpoint of the epoch before is written
        self._sums, self._steps, self._started = {}, 0, time.perf_counter()

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        rates = runner.optim_wrapper.get_lr()  # read before the scheduler sets the next step's
        self._rate = rates.get("base_lr", rates["lr"])[0]

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        # Summed where they are: a transfer in each step would make a GPU wait.
        for name, value in (outputs or {}).items():
            self._sums[name] = self._sums.get(name, 0.0) + value.detach()
        self._steps += 1

    def after_train_epoch(self, runner: Any) -> None:
        self._terms = {name: float(total) / self._steps for name, total in self._sums.items()}
        self._trained = time.perf_counter() - self._started
        if not math.isfinite(self._terms["loss"]):
            raise DivergedError(f"the loss became {self._terms['loss']} in epoch {runner.epoch + 1}; lower the rate.")

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        if not self._steps:
            return  # evaluation without training has no curve
        record = {
            "epoch": runner.epoch,
            **self._terms,
            "lr": self._rate,
            **(metrics or {}),
            "seconds": round(self._trained, 4),
        }
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")
        self._steps = 0
        self._stop = bool(self.watch(runner.epoch, record))
