"""A cell as an MMEngine run: build, train or resume, evaluate."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.records.cells import Cell
from bench.records.layout import CHECKPOINT_FILE
from bench.system.peak_memory import PeakMemory
from bench.system.seeding import stream_seed
from bench.training.determinism import deterministic
from bench.training.evaluation import MeanAP, ScoreLoop
from bench.training.hidden import HiddenLabels
from bench.training.hooks.checkpoint import CheckpointHook
from bench.training.hooks.curve import CurveHook
from bench.training.hooks.epochs import EpochHook, StepInfoHook
from bench.training.hooks.pseudo_labels import PseudoHook
from bench.training.inputs import Inputs, TrainingResult
from bench.training.live_model import LiveModel
from bench.training.loaders import evaluation_splits
from bench.training.mmengine_model import mmengine_model
from bench.training.mmengine_repairs import Runner, UnusableCheckpointError
from bench.training.optimisation import training_arguments
from bench.training.stopwatch import Stopwatch
from methods import MethodConfig

_LOG = logging.getLogger(__name__)
Watch = Callable[[int, dict[str, Any]], bool | None]


def run_cell(cell: Cell, inputs: Inputs, folder: Path, watch: Watch, test_curve: bool = True) -> TrainingResult:
    """Run `cell` in `folder`, from its checkpoint if there is one; if that cannot be used, with a warning, from anew.

    `watch(epoch, curve record)` follows it; where it says True before the last epoch, Stopped is raised. test_curve:
    whether the test split is scored after each epoch, and not after the last one only.
    """
    checkpoint = folder / CHECKPOINT_FILE
    if checkpoint.exists():
        try:
            return _run(cell, inputs, folder, watch, test_curve, checkpoint)
        except UnusableCheckpointError as error:
            _LOG.warning("%s; %s starts again from its first epoch.", error, cell.title)
    return _run(cell, inputs, folder, watch, test_curve, None)


def _run(
    cell: Cell, inputs: Inputs, folder: Path, watch: Watch, test_curve: bool, checkpoint: Path | None
) -> TrainingResult:
    method = inputs.method
    stopwatch = Stopwatch()
    mm_runner = _runner(cell, inputs, folder, watch, test_curve, checkpoint, stopwatch)
    with PeakMemory(inputs.device) as memory, deterministic(), mm_runner as runner:
        if method.config.epochs:
            if not runner._resume:
                (folder / "curve.jsonl").unlink(missing_ok=True)
            runner.train()
        trained = stopwatch.seconds
        if not method.config.epochs:
            runner.val()
        elif runner.val_loop.logits is None:
            # Killed after its last checkpoint, it resumed with nothing left to train. Not `runner.val()`: that calls
            # `before_run` again, where EMAHook takes the plain weights for its average.
            runner.val_loop.run()
        logits, weights = runner.val_loop.logits, runner.val_loop.weights
        parameters = sum(p.numel() for p in runner.model.parameters() if p.requires_grad)
    timings = {"train": trained, "total": stopwatch.seconds}
    return TrainingResult(logits, timings, memory.peak, parameters, weights)


@contextlib.contextmanager
def _runner(
    cell: Cell,
    inputs: Inputs,
    folder: Path,
    watch: Watch,
    test_curve: bool,
    checkpoint: Path | None,
    stopwatch: Stopwatch,
) -> Iterator[Runner]:
    config, dense = inputs.method.config, inputs.method.needs_dense
    live, method = inputs.live, inputs.method.method
    # Made by the Runner, once it has seeded the generators.
    model: dict[str, Any] = {"type": mmengine_model(method), "config": config, "task": inputs.task}
    if live:
        make = functools.partial(method, config=config, task=inputs.task)
        model = {"type": LiveModel, "method": make, "live": live, "dense": dense}
    runner = Runner(
        model=model,
        work_dir=folder,
        device=inputs.device,
        val_dataloader=evaluation_splits(inputs, dense, test_curve),
        val_cfg={"type": ScoreLoop},
        val_evaluator={"type": MeanAP},
        randomness={"seed": stream_seed("init", cell.stream("init")) % 2**32},
        load_from=str(checkpoint) if checkpoint else None,
        resume=checkpoint is not None,
        default_hooks={"runtime_info": {"type": StepInfoHook}, "logger": None, "checkpoint": None},
        custom_hooks=_hooks(config, folder, watch, inputs.hidden_labels, stopwatch),
        **training_arguments(cell, inputs, dense),
    )
    try:
        yield runner
    finally:
        runner.close()


def _hooks(
    config: MethodConfig, folder: Path, watch: Watch, hidden: HiddenLabels | None, stopwatch: Stopwatch
) -> list[dict[str, Any]]:
    curve = folder / "curve.jsonl"
    hooks: list[dict[str, Any]] = [
        {"type": EpochHook},
        {"type": CurveHook, "path": curve, "watch": watch},
        {"type": CheckpointHook, "path": folder / CHECKPOINT_FILE, "curve": curve, "stopwatch": stopwatch},
    ]
    if hidden is not None:
        hooks.append({"type": PseudoHook, "hidden": hidden})
    if config.ema:
        hooks.append({"type": "EMAHook", "momentum": 1 - config.ema})
    return hooks
