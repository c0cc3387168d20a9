"""Checkpoints from which a training resumes exactly."""

import json
import math
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook

from bench.system.files import read_json_lines, write_text
from bench.system.interrupts import held_signals
from bench.training.random_state import random_state, restore_random_state, undisturbed_randomness
from bench.training.stopwatch import Stopwatch


class CheckpointHook(Hook):
    """One checkpoint, replaced after each epoch's evaluation, with the random state in it.

    MMEngine's own hook saves before the evaluation and without random state, so that a resumed run differs. On resume
    the curve is cut to the checkpoint's epoch.
    """

    priority = "VERY_LOW"

    def __init__(self, path: Path, curve: Path, stopwatch: Stopwatch):
        self.path, self.curve, self.stopwatch = path, curve, stopwatch
        self._state: dict[str, Any] | None = None

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        if runner._train_loop is None or isinstance(runner._train_loop, dict) or not runner.epoch:
            return
        meta = {"epoch": runner.epoch, "iter": runner.iter}
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            with held_signals():  # torch's writer calls MMEngine's buffer from native code, where Ctrl-C would abort
                runner.save_checkpoint(str(self.path.parent), part.name, meta=meta)
                part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)  # on a full disk half of it would stay

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        checkpoint["random_state"] = random_state()
        checkpoint["seconds"] = self.stopwatch.seconds

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        self._state = checkpoint["random_state"]
        with undisturbed_randomness():
            restore_random_state(self._state)  # a state that cannot be restored is noticed before anything is trained
        self.stopwatch.earlier = seconds = float(checkpoint.get("seconds", 0.0))
        if not 0 <= seconds < math.inf:
            raise ValueError(f"it took {seconds} seconds")
        done = checkpoint["meta"]["epoch"]
        kept = [record for record in read_json_lines(self.curve) if record["epoch"] <= done]
        if len(kept) != done:
            raise ValueError(f"the curve beside it has {len(kept)} of its {done} epochs")
        write_text(self.curve, "".join(json.dumps(record) + "\n" for record in kept))

    def before_train(self, runner: Any) -> None:
        if self._state is not None:
            restore_random_state(self._state)
