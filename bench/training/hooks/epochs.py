"""Hooks that tell the method and the images of each epoch, and leave a step's losses where they are."""

from typing import Any

from mmengine.hooks import Hook, RuntimeInfoHook


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


class StepInfoHook(RuntimeInfoHook):
    """MMEngine's record of a run, without each step's losses: to read them means waiting for a GPU."""

    def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Leave the losses where they are."""
