"""Hooks around a cell's training: curves, checkpoints that resume exactly, and early failure."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook, RuntimeInfoHook

from bench.errors import BenchError
from bench.system.files import read_json_lines, write_text
from bench.system.interrupts import held_signals
from bench.training.mmengine_repairs import random_state, restore_random_state, undisturbed_randomness
from bench.training.scope import HOOKS

LAST = "last.pth"


class DivergedError(BenchError):
    """The loss is not finite any more."""


class Stopped(Exception):  # noqa: N818 - no error: the watcher of the training ended it
    """The training was ended between two epochs, behind a checkpoint."""


@HOOKS.register_module()
class EpochHook(Hook):
    """Tells the method which epoch begins and when the last has ended, and the images which, for their views."""

    def before_train_epoch(self, runner: Any) -> None:
        images = runner.train_loop.dataloader.dataset
        if hasattr(images, "set_epoch"):
            images.set_epoch(runner.epoch)
        runner.model.start_epoch(runner.epoch)

    def after_train_epoch(self, runner: Any) -> None:
        if runner.epoch + 1 == runner.max_epochs:
            runner.model.finish()


@HOOKS.register_module()
class StepInfoHook(RuntimeInfoHook):
    """MMEngine's record of a run, without each step's losses: to read them means waiting for a GPU."""

    def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Leave the losses where they are."""


@HOOKS.register_module()
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


@HOOKS.register_module()
class CheckpointHook(Hook):
    """One checkpoint, replaced after each epoch's evaluation, with the random state in it.

    MMEngine's own hook saves before the evaluation and without random state, so that a resumed run differs. On resume
    the curve is cut to the checkpoint's epoch.
    """

    priority = "VERY_LOW"

    def __init__(self, folder: Path, curve: Path):
        self.folder, self.curve = folder, curve
        self._state: dict[str, Any] | None = None

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        if runner._train_loop is None or isinstance(runner._train_loop, dict) or not runner.epoch:
            return
        meta = {"epoch": runner.epoch, "iter": runner.iter}
        part = self.folder / f"{LAST}.part"
        try:
            with held_signals():  # torch's writer calls MMEngine's buffer from native code, where Ctrl-C would abort
                runner.save_checkpoint(str(self.folder), part.name, meta=meta)
                part.replace(self.folder / LAST)
        finally:
            part.unlink(missing_ok=True)  # on a full disk half of it would stay

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        checkpoint["random_state"] = random_state()

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        self._state = checkpoint["random_state"]
        with undisturbed_randomness():
            restore_random_state(self._state)  # a state that cannot be restored is noticed before anything is trained
        done = checkpoint["meta"]["epoch"]
        kept = [record for record in read_json_lines(self.curve) if record["epoch"] <= done]
        if len(kept) != done:
            raise ValueError(f"the curve beside it has {len(kept)} of its {done} epochs")
        write_text(self.curve, "".join(json.dumps(record) + "\n" for record in kept))

    def before_train(self, runner: Any) -> None:
        if self._state is not None:
            restore_random_state(self._state)
