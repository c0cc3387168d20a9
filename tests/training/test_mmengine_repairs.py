"""Every repair of bench/training/mmengine_repairs.py: MMEngine's own behaviour still fails, ours does not.

A test of the first half that fails says that the repair is no longer needed.
"""

import pickle

import pytest
import torch
from helpers.stock_mmengine import CPU, stock
from mmengine.hooks import Hook
from mmengine.runner import Runner as Stock

from bench.training.mmengine_repairs import Runner
from bench.training.random_state import random_state, restore_random_state, undisturbed_randomness

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning"),
    pytest.mark.usefixtures("apart"),
]


class Order(Hook):
    """What happened when."""

    priority = "LOWEST"

    def __init__(self):
        self.events: list[str] = []

    def before_save_checkpoint(self, runner, checkpoint):
        self.events.append("checkpoint")

    def after_val_epoch(self, runner, metrics=None):
        self.events.append("evaluation")


def weights(runner) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in runner.model.parameters())


class TestLoading:
    def test_mmengine_cannot_read_its_own_checkpoint(self, tmp_path):
        stock(tmp_path).train()
        again = stock(tmp_path, epochs=3, resume=True, load_from=str(tmp_path / "epoch_2.pth"))
        with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
            again.train()

    @pytest.mark.parametrize("runner_class", [Stock, Runner])
    def test_mmengine_runs_a_configuration_in_a_checkpoint_and_ours_does_not(self, runner_class, tmp_path, monkeypatch):
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
        ours = {"device": CPU} if runner_class is Runner else {}
        stock(tmp_path, runner_class, **ours).train()
        saved = torch.load(tmp_path / "epoch_2.pth", weights_only=runner_class is Runner)
        saved["meta"]["config"] = f"made = __import__('os').mkdir({str(tmp_path / 'marker')!r})"
        torch.save(saved, tmp_path / "epoch_2.pth")
        again = {"epochs": 3, "resume": True, "load_from": str(tmp_path / "epoch_2.pth"), **ours}
        stock(tmp_path, runner_class, **again).train()
        assert (tmp_path / "marker").exists() == (runner_class is Stock)

    def test_ours_can(self, tmp_path):
        (tmp_path / "ours").mkdir()
        stock(tmp_path / "ours", Runner, device=CPU).train()
        saved = str(tmp_path / "ours" / "epoch_2.pth")
        again = stock(tmp_path / "ours", Runner, device=CPU, epochs=3, resume=True, load_from=saved)
        again.train()
        assert again.epoch == 3


class TestResuming:
    def test_mmengine_forgets_the_random_state(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
        straight = stock(tmp_path / "straight", epochs=4)
        straight.train()
        stock(tmp_path / "cut", epochs=2).train()
        resumed = stock(tmp_path / "cut", epochs=4, resume=True, load_from=str(tmp_path / "cut" / "epoch_2.pth"))
        resumed.train()
        assert weights(resumed) != weights(straight)

    def test_mmengine_saves_before_it_evaluates(self, tmp_path):
        """What evaluation adds (best scores, random draws) is not in its checkpoint."""
        order = Order()
        stock(tmp_path, epochs=1, val_interval=1, custom_hooks=[order]).train()
        assert order.events == ["checkpoint", "evaluation"]

    def test_ours_keeps_every_generator(self):
        import random

        import numpy as np

        def draw():
            return [random.random(), float(np.random.random()), float(torch.rand(()))]

        state = pickle.loads(pickle.dumps(random_state()))
        first = draw()
        draw()
        restore_random_state(state)
        assert draw() == first


class TestEvaluating:
    def test_how_often_mmengine_evaluates_changes_training(self, tmp_path):
        runs = [stock(tmp_path / str(interval), epochs=4, val_interval=interval) for interval in (1, 2)]
        for one in runs:
            one.train()
        assert weights(runs[0]) != weights(runs[1])

    def test_ours_is_not_noticed_outside(self):
        torch.manual_seed(0)
        expected = torch.rand(3)
        torch.manual_seed(0)
        with pytest.raises(ValueError, match="64"), undisturbed_randomness():
            raise ValueError(torch.rand(64).shape)
        assert torch.equal(torch.rand(3), expected)
