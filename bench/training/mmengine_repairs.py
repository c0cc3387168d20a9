"""MMEngine 0.10's Runner, repaired where it fails today; each repair has a test that fails when it is no longer needed.

Repairs: checkpoints are plain data, so that they load again (torch >= 2.6 refuses MMEngine's records) and nothing in
them is run (MMEngine executes a configuration that it finds there), no state shared between runs of one second,
evaluation leaves the random state alone, a run writes only into its own folder, and Ctrl-C is not taken for a mistake
in a configuration.
"""

import logging
import time
import uuid
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_dist_info
from mmengine.hooks import EMAHook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner as MMEngineRunner
from mmengine.visualization import Visualizer
from torch import nn

from bench.errors import BenchError
from bench.system.plain_files import UNREADABLE, load_plain, reason


class UnusableCheckpointError(BenchError):
    """A checkpoint that is damaged, another training's, or holds more than plain data."""


class _NoConfig(Config):
    """MMEngine formats its configuration into every checkpoint and takes Ctrl-C meanwhile for a SyntaxError."""

    pretty_text = ""


class Runner(MMEngineRunner):
    """MMEngine's Runner for one cell in one folder."""

    def __init__(self, *, work_dir: Path, device: torch.device, **kwargs: Any):
        self.device = device
        super().__init__(
            work_dir=str(work_dir),
            # Logger, message hub and visualizer are looked up by this name; a timestamp in seconds is not enough.
            experiment_name=f"{work_dir.name}-{uuid.uuid4().hex}",
            **kwargs,
        )
        self.cfg = _NoConfig()  # the cell's description is the configuration
        Path(self._log_dir).rmdir()

    def setup_env(self, env_cfg: dict) -> None:
        """One process, no global settings: MMEngine's version forces the start method `fork` on the whole program."""
        self._rank, self._world_size = get_dist_info()
        self._timestamp = time.strftime("%Y%m%d_%H%M%S")

    def build_logger(self, log_level: Any = "INFO", log_file: str | None = None, **kwargs: Any) -> MMLogger:
        """A log in the work folder and nowhere else."""
        logger = super().build_logger(log_level=log_level, log_file=str(Path(self.work_dir) / "log.txt"))
        for handler in list(logger.handlers):
            if isinstance(handler, logging.FileHandler):
                handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk is told once
            else:
                logger.removeHandler(handler)
        return logger

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        return model.to(self.device)

    def load_checkpoint(
        self, filename: str, map_location: Any = "cpu", strict: bool = True, revise_keys: Any = ()
    ) -> dict[str, Any]:
        """Of the metadata the position alone, since MMEngine would run a `config` in it as Python."""
        checkpoint = load_plain(filename, map_location)
        for part in ("message_hub", "optimizer", *(["param_schedulers"] if self.param_schedulers else [])):
            if part not in checkpoint:  # MMEngine would go on without
                raise KeyError(part)
        if ("ema_state_dict" in checkpoint) != any(isinstance(hook, EMAHook) for hook in self.hooks):
            raise ValueError("averaged weights are missing, or not requested")
        checkpoint["meta"] = {name: int(checkpoint["meta"][name]) for name in ("epoch", "iter")}
        self.call_hook("after_load_checkpoint", checkpoint=checkpoint)
        self.model.load_state_dict(checkpoint["state_dict"], strict=strict)
        return checkpoint

    def save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Without the message hub's records, which are objects of MMEngine's; what a training reads is not in them."""
        self.message_hub._resumed_keys.clear()
        super().save_checkpoint(*args, **kwargs)

    def load_or_resume(self) -> None:
        try:
            super().load_or_resume()
        except torch.OutOfMemoryError:
            raise  # says nothing of the file
        except UNREADABLE as error:
            sentence = f"{self._load_from} is no checkpoint of this training ({reason(error)})"
            self.logger.warning(sentence)
            raise UnusableCheckpointError(sentence) from error

    def dump_config(self) -> None:
        """MMEngine's copy beside the cell's description would be a second truth."""

    def _log_env(self, env_cfg: dict) -> None:
        """The row keeps the environment; MMEngine's report starts compilers and takes seconds."""

    def close(self) -> None:
        """Forget this run in MMEngine's global tables and close its log."""
        for handler in list(self.logger.handlers):
            handler.close()
            self.logger.removeHandler(handler)
        for table in (MMLogger, MessageHub, Visualizer, DefaultScope):
            table._instance_dict.pop(self._experiment_name, None)
