"""The quality of a method's pseudo-labels in the curve, judged by labels that the method never sees."""

from typing import Any

import numpy as np
from mmengine.hooks import Hook

from bench.training.hidden import HiddenLabels
from bench.training.live_model import LiveModel
from bench.training.pseudo_quality import pseudo_quality
from methods import Method
from methods.pseudo_labels import PseudoLabels


class PseudoHook(Hook):
    """Records the method's pseudo-labels, and adds their quality to the curve.

    hidden: the labels that the protocol hides of the images trained on, 0 elsewhere. They stay here: the method writes
    into a recorder that is new in each epoch, holds no truth, and is taken away before evaluation.
    """

    def __init__(self, hidden: np.ndarray | HiddenLabels):
        self.hidden = hidden
        self._quality: dict[str, float] = {}

    def before_train_epoch(self, runner: Any) -> None:
        _method(runner).recorder = PseudoLabels(*self.hidden.shape)

    def after_train_epoch(self, runner: Any) -> None:
        method = _method(runner)
        recorder, method.recorder = method.recorder, None
        assert recorder is not None, "set before the epoch"
        kinds = [name for name, noted in (("positive", recorder.positives), ("negative", recorder.negatives)) if noted]
        self._quality = pseudo_quality(recorder.signs(), self.hidden, kinds) if kinds else {}

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """The curve's hook comes after this one and writes all metrics down."""
        if metrics is not None:
            metrics |= self._quality
        self._quality = {}


def _method(runner: Any) -> Method:
    return runner.model.method if isinstance(runner.model, LiveModel) else runner.model
