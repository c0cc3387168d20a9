"""A cell as an MMEngine run: build, train or resume, evaluate."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.cells import Cell
from bench.compat import Runner
from bench.config import build
from bench.features import FeatureSet
from bench.memory import PeakMemory
from bench.runner import schedules  # noqa: F401 - registers the schedule
from bench.runner.batches import FeatureBatches, OrderedBatches, ShuffledBatches, loader
from bench.runner.evaluate import EvaluationSplit
from bench.runner.hooks import LAST
from bench.runner.scope import MODELS
from bench.seeding import stream_seed
from methods import METHODS, Task

TEST_BATCH = 250
"""Fixed and part of the schema: on a GPU the batch size changes the last bits of a score."""

Watch = Callable[[int, dict[str, Any]], None]


@dataclass(frozen=True)
class Inputs:
    """All that a cell's training may touch. `observed` int8 (N, C) is what the protocol left; hidden labels are absent.

    train_rows, heldout_rows: indices into the training images. heldout_labels, test_labels: full labels for evaluation;
    they stay in the evaluation loop and never reach a method.
    """

    task: Task
    train: FeatureSet
    observed: np.ndarray
    train_rows: np.ndarray
    heldout_rows: np.ndarray
    heldout_labels: np.ndarray
    test: FeatureSet
    test_labels: np.ndarray
    device: torch.device


@dataclass(frozen=True)
class Outcome:
    """Test logits (N, C) of the last epoch, seconds by phase, peak memory in MiB, and trainable parameters."""

    logits: np.ndarray
    timings: dict[str, float]
    peak_memory: dict[str, float]
    trainable_parameters: int


def run_cell(cell: Cell, inputs: Inputs, folder: Path, watch: Watch) -> Outcome:
    """Run `cell` in `folder`, from its checkpoint if there is one. `watch(epoch, curve record)` follows it."""
    method_class = METHODS.get(cell.method.name)
    MODELS.register_module(name=method_class.name, module=method_class, force=True)
    config = build(method_class.Config, cell.method.options, owner=cell.method.name)
    started = time.perf_counter()
    with PeakMemory(inputs.device) as memory, deterministic(), _runner(cell, config, inputs, folder, watch) as runner:
        if config.epochs:
            if not runner._resume:
                (folder / "curve.jsonl").unlink(missing_ok=True)
            runner.train()
        trained = time.perf_counter()
        if not config.epochs:
            runner.val()
        elif runner.val_loop.logits is None:
            # Killed after its last checkpoint, it resumed with nothing left to train. Not `runner.val()`: that calls
            # `before_run` again, where EMAHook takes the plain weights for its average.
            runner.val_loop.run()
        logits = runner.val_loop.logits
        parameters = sum(p.numel() for p in runner.model.parameters() if p.requires_grad)
    timings = {"train": trained - started, "total": time.perf_counter() - started}
    return Outcome(logits, timings, memory.peak, parameters)


@contextlib.contextmanager
def _runner(cell: Cell, config: Any, inputs: Inputs, folder: Path, watch: Watch) -> Iterator[Runner]:
    checkpoint = folder / "checkpoint" / LAST
    runner = Runner(
        model={"type": cell.method.name, "config": config, "task": inputs.task},
        work_dir=folder,
        device=inputs.device,
        val_dataloader=_evaluation_splits(inputs, METHODS.get(cell.method.name).needs_dense(config)),
        val_cfg={"type": "ScoreLoop"},
        val_evaluator={"type": "MeanAP"},
        randomness={"seed": stream_seed("init", cell.seed) % 2**32},
        load_from=str(checkpoint) if checkpoint.exists() else None,
        resume=checkpoint.exists(),
        default_hooks={"logger": None, "checkpoint": None},
        custom_hooks=_hooks(config, folder, watch),
        **_training(cell, config, inputs),
    )
    try:
        yield runner
    finally:
        runner.close()


def _evaluation_splits(inputs: Inputs, dense: bool) -> list[EvaluationSplit]:
    """Test, then the held-out training images if there are any."""
    splits = [("", inputs.test, inputs.test_labels, np.arange(len(inputs.test)))]
    if len(inputs.heldout_rows):
        splits.append(("heldout_", inputs.train, inputs.heldout_labels, inputs.heldout_rows))
    return [
        EvaluationSplit(
            prefix, loader(FeatureBatches(features, labels, dense), OrderedBatches(rows, TEST_BATCH)), labels[rows]
        )
        for prefix, features, labels, rows in splits
    ]


def _hooks(config: Any, folder: Path, watch: Watch) -> list[dict[str, Any]]:
    curve = folder / "curve.jsonl"
    hooks: list[dict[str, Any]] = [
        {"type": "EpochHook"},
        {"type": "CurveHook", "path": curve, "watch": watch},
        {"type": "CheckpointHook", "folder": folder / "checkpoint", "curve": curve},
    ]
    if config.ema:
        hooks.append({"type": "EMAHook", "momentum": 1 - config.ema})
    return hooks


def _training(cell: Cell, config: Any, inputs: Inputs) -> dict[str, Any]:
    """The Runner's training arguments; none for a method that does not train."""
    if not config.epochs:
        return {}
    batches = ShuffledBatches(inputs.train_rows, config.batch_size, cell.seed)
    kinds: dict[str, dict[str, Any]] = {
        "sgd": {"type": "SGD", "momentum": 0.9},
        "adam": {"type": "Adam"},
        "adamw": {"type": "AdamW"},
    }
    method = METHODS.get(cell.method.name)
    data = FeatureBatches(inputs.train, inputs.observed, method.needs_dense(config))
    multipliers = {part: {"lr_mult": scale} for part, scale in method.lr_multipliers(config).items()}
    return {
        "train_dataloader": loader(data, batches),
        "train_cfg": {"by_epoch": True, "max_epochs": config.epochs, "val_interval": 1},
        "optim_wrapper": {
            "type": "AmpOptimWrapper" if config.amp and inputs.device.type == "cuda" else "OptimWrapper",
            "optimizer": {**kinds[config.optimizer], "lr": config.lr, "weight_decay": config.weight_decay},
            "clip_grad": {"max_norm": config.clip_grad} if config.clip_grad else None,
            "paramwise_cfg": {"custom_keys": multipliers} if multipliers else None,
        },
        "param_scheduler": {
            "type": "ScheduledLR",
            "schedule": config.schedule,
            "steps_per_epoch": len(batches),
            "epochs": config.epochs,
            "lr": config.lr,
        },
    }


@contextlib.contextmanager
def deterministic() -> Iterator[None]:
    """Equal seeds give equal bits on one machine; flags are put back afterwards."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, tf32 = torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32 = benchmark, tf32
