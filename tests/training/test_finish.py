"""The end of a training: the runner calls `finish` once, behind the last step, and scores see what it did."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.trainings import make_cell, run

from methods.baselines.cft import CFT

pytestmark = pytest.mark.slow


def test_a_method_goes_on_once_when_its_training_is_over(
    resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    finish = CFT.finish

    def noted(self: CFT) -> None:
        before = self.head.weight.detach().clone()
        finish(self)
        calls.append((before, self.head.weight.detach().clone()))

    monkeypatch.setattr(CFT, "finish", noted)
    options = {"epochs": 2, "batch_size": 60, "steps": 20, "tune_lr": 0.1, "held_out": 0.5}
    outcome = run(make_cell(resources, "cft", **options), resources, tmp_path)
    ((before, after),) = calls
    assert not torch.equal(before, after)
    assert torch.equal(outcome.weights["head.weight"].cpu(), after.cpu())
    assert np.isfinite(outcome.logits).all()
