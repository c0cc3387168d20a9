"""A cell as an MMEngine run: build, train or resume, evaluate."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from bench.records.cells import Cell
from bench.system.cores import cores
from bench.system.peak_memory import PeakMemory
from bench.system.seeding import stream_seed
from bench.training import pseudo_quality, schedules  # noqa: F401 - register a hook, the schedule
from bench.training.batches import FeatureBatches, OrderedBatches, ShuffledBatches, ViewBatches, loader
from bench.training.determinism import deterministic
from bench.training.evaluation import EvaluationSplit
from bench.training.hidden import HiddenLabels
from bench.training.hooks import LAST
from bench.training.inputs import Inputs, TrainingResult
from bench.training.live import Ahead, LiveBatches, PlainImages
from bench.training.live_model import ENCODER
from bench.training.mmengine_repairs import Runner, UnusableCheckpointError
from bench.training.scope import MODELS
from methods import MethodConfig

_LOG = logging.getLogger(__name__)

TEST_BATCH = 250
"""Fixed and part of the schema: on a GPU the batch size changes the last bits of a score."""

LIVE_TEST_BATCH = 64
"""Images that a trained encoder scores at once; fixed for the same reason."""

READERS = 8
"""Threads that read images in live mode, at most."""

Watch = Callable[[int, dict[str, Any]], bool | None]


def run_cell(cell: Cell, inputs: Inputs, folder: Path, watch: Watch) -> TrainingResult:
    """Run `cell` in `folder`, from its checkpoint if there is one; if that cannot be used, with a warning, from anew.

    `watch(epoch, curve record)` follows it; where it says True before the last epoch, Stopped is raised.
    """
    checkpoint = folder / "checkpoint" / LAST
    if checkpoint.exists():
        try:
            return _run(cell, inputs, folder, watch, checkpoint)
        except UnusableCheckpointError as error:
            _LOG.warning("%s; %s starts again from its first epoch.", error, cell.title)
    return _run(cell, inputs, folder, watch, None)


def _run(cell: Cell, inputs: Inputs, folder: Path, watch: Watch, checkpoint: Path | None) -> TrainingResult:
    method = inputs.method
    MODELS.register_module(name=method.name, module=method.method, force=True)
    started = time.perf_counter()
    mm_runner = _runner(cell, inputs, folder, watch, checkpoint)
    with PeakMemory(inputs.device) as memory, deterministic(), mm_runner as runner:
        if method.config.epochs:
            if not runner._resume:
                (folder / "curve.jsonl").unlink(missing_ok=True)
            runner.train()
        trained = time.perf_counter()
        if not method.config.epochs:
            runner.val()
        elif runner.val_loop.logits is None:
            # Killed after its last checkpoint, it resumed with nothing left to train. Not `runner.val()`: that calls
            # `before_run` again, where EMAHook takes the plain weights for its average.
            runner.val_loop.run()
        logits, weights = runner.val_loop.logits, runner.val_loop.weights
        parameters = sum(p.numel() for p in runner.model.parameters() if p.requires_grad)
    timings = {"train": trained - started, "total": time.perf_counter() - started}
    return TrainingResult(logits, timings, memory.peak, parameters, weights)


@contextlib.contextmanager
def _runner(cell: Cell, inputs: Inputs, folder: Path, watch: Watch, checkpoint: Path | None) -> Iterator[Runner]:
    config, dense = inputs.method.config, inputs.method.needs_dense
    model: dict[str, Any] = {"type": inputs.method.name, "config": config, "task": inputs.task}
    live = inputs.live
    runner = Runner(
        model={"type": "LiveModel", "method": model, "live": live, "dense": dense} if live else model,
        work_dir=folder,
        device=inputs.device,
        val_dataloader=_evaluation_splits(inputs, dense),
        val_cfg={"type": "ScoreLoop", "only_last": bool(live and live.trained and live.evaluate == "last")},
        val_evaluator={"type": "MeanAP"},
        randomness={"seed": stream_seed("init", cell.stream("init")) % 2**32},
        load_from=str(checkpoint) if checkpoint else None,
        resume=checkpoint is not None,
        default_hooks={"runtime_info": {"type": "StepInfoHook"}, "logger": None, "checkpoint": None},
        custom_hooks=_hooks(config, folder, watch, inputs.hidden_labels),
        **_training(cell, inputs, dense),
    )
    try:
        yield runner
    finally:
        runner.close()


def _evaluation_splits(inputs: Inputs, dense: bool) -> list[EvaluationSplit]:
    """Test if it is scored, then the held-out training images if there are any; plain, whatever training saw."""

    def batches(train: bool, labels: np.ndarray, rows: np.ndarray) -> DataLoader | Ahead:
        live, features = inputs.live, inputs.train if train else inputs.test
        if live and live.trained:
            images = PlainImages(live.train_images if train else live.test_images, live.preprocess)
            return Ahead(images, OrderedBatches(rows, LIVE_TEST_BATCH), reading_threads())
        assert features is not None, "only a trained encoder does without cached features"
        return loader(FeatureBatches(features, labels, dense), OrderedBatches(rows, TEST_BATCH))

    splits, test, heldout = [], inputs.test_labels, inputs.heldout_labels
    if test is not None:
        splits.append(EvaluationSplit("", batches(False, test, np.arange(len(test))), test))
    if len(rows := inputs.heldout_rows):
        splits.append(EvaluationSplit("heldout_", batches(True, heldout, rows), heldout[rows]))
    return splits


def _training_batches(cell: Cell, inputs: Inputs, sampler: ShuffledBatches, dense: bool) -> DataLoader | Ahead:
    """Observed labels with features of plain images, of cached views, or with images."""
    seed = cell.stream("init")  # of the augmentation
    if inputs.live:
        return Ahead(LiveBatches(inputs.live, inputs.observed, seed), sampler, reading_threads())
    if inputs.views:
        return loader(ViewBatches(inputs.views, inputs.strong_views, inputs.observed, seed, dense), sampler)
    assert inputs.train is not None, "a plain feed has the training images' features"
    return loader(FeatureBatches(inputs.train, inputs.observed, dense), sampler)


def reading_threads() -> int:
    """Threads that read and augment images: one a core that this process may use."""
    return min(READERS, cores())


def _hooks(config: MethodConfig, folder: Path, watch: Watch, hidden: HiddenLabels | None) -> list[dict[str, Any]]:
    curve = folder / "curve.jsonl"
    hooks: list[dict[str, Any]] = [
        {"type": "EpochHook"},
        {"type": "CurveHook", "path": curve, "watch": watch},
        {"type": "CheckpointHook", "folder": folder / "checkpoint", "curve": curve},
    ]
    if hidden is not None:
        hooks.append({"type": "PseudoHook", "hidden": hidden})
    if config.ema:
        hooks.append({"type": "EMAHook", "momentum": 1 - config.ema})
    return hooks


def _training(cell: Cell, inputs: Inputs, dense: bool) -> dict[str, Any]:
    """The Runner's training arguments; none for a method that does not train."""
    method, config = inputs.method.method, inputs.method.config
    if not config.epochs:
        return {}
    batches = ShuffledBatches(inputs.train_rows, config.batch_size, cell.stream("order"))
    kinds: dict[str, dict[str, Any]] = {
        "sgd": {"type": "SGD", "momentum": 0.9},
        "adam": {"type": "Adam"},
        "adamw": {"type": "AdamW"},
    }
    multipliers = {part: {"lr_mult": scale} for part, scale in method.lr_multipliers(config).items()}
    for part, scale in method.decay_multipliers(config).items():
        multipliers.setdefault(part, {})["decay_mult"] = scale
    if inputs.live and inputs.live.trained:
        multipliers[f"{ENCODER}."] = {"lr_mult": inputs.live.lr_mult}
    return {
        "train_dataloader": _training_batches(cell, inputs, batches, dense),
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
