"""The optimiser and the schedule of a training, as MMEngine's Runner takes them."""

from typing import Any

from bench.records.cells import Cell
from bench.training.inputs import Inputs
from bench.training.live_model import ENCODER
from bench.training.loaders import training_batches
from bench.training.order import ShuffledBatches
from bench.training.schedules import ScheduledLR

OPTIMISERS: dict[str, dict[str, Any]] = {
    "sgd": {"type": "SGD", "momentum": 0.9},
    "adam": {"type": "Adam"},
    "adamw": {"type": "AdamW"},
}


def training_arguments(cell: Cell, inputs: Inputs, dense: bool) -> dict[str, Any]:
    """The Runner's training arguments; none for a method that does not train."""
    method, config = inputs.method.method, inputs.method.config
    if not config.epochs:
        return {}
    batches = ShuffledBatches(inputs.train_rows, config.batch_size, cell.stream("order"))
    multipliers = {part: {"lr_mult": scale} for part, scale in method.lr_multipliers(config).items()}
    for part, scale in method.decay_multipliers(config).items():
        multipliers.setdefault(part, {})["decay_mult"] = scale
    if inputs.live and inputs.live.trained:
        multipliers[f"{ENCODER}."] = {"lr_mult": inputs.live.lr_mult}
    return {
        "train_dataloader": training_batches(cell, inputs, batches, dense),
        "train_cfg": {"by_epoch": True, "max_epochs": config.epochs, "val_interval": 1},
        "optim_wrapper": {
            "type": "AmpOptimWrapper" if config.amp and inputs.device.type == "cuda" else "OptimWrapper",
            "optimizer": {**OPTIMISERS[config.optimizer], "lr": config.lr, "weight_decay": config.weight_decay},
            "clip_grad": {"max_norm": config.clip_grad} if config.clip_grad else None,
            "paramwise_cfg": {"custom_keys": multipliers} if multipliers else None,
        },
        "param_scheduler": {
            "type": ScheduledLR,
            "schedule": config.schedule,
            "steps_per_epoch": len(batches),
            "epochs": config.epochs,
            "lr": config.lr,
        },
    }
