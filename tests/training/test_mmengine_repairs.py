"""Every repair of bench/training/mmengine_repairs.py: MMEngine's own behaviour still fails, ours does not.

A test of the first half that fails says that the repair is no longer needed.
"""

import pickle
import time
from types import SimpleNamespace

import pytest
import torch
from helpers.toys import make_cell, run
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner as Stock
from mmengine.visualization import Visualizer
from torch import nn
from torch.utils.data import DataLoader

from bench.training.mmengine_repairs import Runner, random_state, restore_random_state, undisturbed_randomness

CPU = torch.device("cpu")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


class Model(BaseModel):
    """Linear with dropout."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))

    def forward(self, x, mode="loss"):
        out = self.layers(x)
        return {"loss": out.square().mean()} if mode == "loss" else [out.mean()]


class Mean(BaseMetric):
    default_prefix = "mean"

    def process(self, data_batch, data_samples):
        self.results.extend(float(sample) for sample in data_samples)

    def compute_metrics(self, results):
        return {"value": sum(results) / len(results)}


class Order(Hook):
    """What happened when."""

    priority = "LOWEST"

    def __init__(self):
        self.events: list[str] = []

    def before_save_checkpoint(self, runner, checkpoint):
        self.events.append("checkpoint")

    def after_val_epoch(self, runner, metrics=None):
        self.events.append("evaluation")


def batches() -> DataLoader:
    data = [{"x": x} for x in torch.randn(12, 4, generator=torch.Generator().manual_seed(0))]
    return DataLoader(data, batch_size=4, shuffle=True)


def stock(folder, runner_class=Stock, epochs=2, val_interval=None, **more) -> Stock:
    evaluation = {"val_dataloader": batches(), "val_cfg": {}, "val_evaluator": [Mean()]} if val_interval else {}
    torch.manual_seed(0)
    return runner_class(
        model=Model(),
        work_dir=folder if runner_class is Runner else str(folder),
        train_dataloader=batches(),
        train_cfg={"by_epoch": True, "max_epochs": epochs, "val_interval": val_interval or 1},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}},
        randomness={"seed": 0},
        default_hooks={"checkpoint": {"type": "mmengine.CheckpointHook", "interval": 1}, "logger": None},
        **evaluation,
        **more,
    )


def weights(runner) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in runner.model.parameters())


@pytest.fixture(autouse=True)
def apart():
    """MMEngine's tables are emptied after each test; its runs of one second would meet in them."""
    yield
    for table in (MMLogger, MessageHub, Visualizer, DefaultScope):
        table._instance_dict.clear()


@pytest.fixture
def stopped_clock(monkeypatch):
    clock = SimpleNamespace(**{n: getattr(time, n) for n in ("strftime", "localtime")}, time=lambda: 1.7e9)
    monkeypatch.setattr("mmengine.runner.runner.time", clock)


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
        # A whole training that resumes to the same bits: tests/training/test_resume.py.


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
        # Through a whole training: tests/training/test_determinism.py.


class TestSharing:
    def test_two_of_mmengines_runs_in_one_second_share_their_hub(self, tmp_path, stopped_clock):
        one, other = (stock(tmp_path / name) for name in ("a", "b"))
        one.message_hub.update_info("best_score", 0.9)
        assert other.message_hub.get_info("best_score") == 0.9

    def test_ours_do_not(self, tmp_path, stopped_clock):
        one, other = (stock(tmp_path / name, Runner, device=CPU) for name in ("a", "b"))
        one.message_hub.update_info("best_score", 0.9)
        assert other.message_hub.get_info("best_score") is None
        assert one.logger is not other.logger

    def test_closing_ours_leaves_nothing_behind(self, tmp_path):
        runner = stock(tmp_path / "a", Runner, device=CPU)
        name = runner.experiment_name
        assert name in MessageHub._instance_dict
        runner.close()
        assert name not in MessageHub._instance_dict
        assert runner.logger.handlers == []


class TestWriting:
    def test_mmengine_writes_folders_named_by_the_clock(self, tmp_path):
        runner = stock(tmp_path)
        runner.train()
        assert (tmp_path / runner.timestamp).is_dir()
        assert (tmp_path / f"{runner.timestamp}.py").exists(), "and its copy of the configuration"

    def test_ours_writes_one_log_and_says_nothing(self, resources, toys, tmp_path, capfd):
        run(make_cell(resources, "toy_linear", epochs=1), resources, tmp_path)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint", "curve.jsonl", "log.txt"]
        said = capfd.readouterr()
        assert said.out == said.err == ""

    def test_a_resumed_run_adds_to_the_log(self, resources, toys, tmp_path):
        cell = make_cell(resources, "toy_linear", epochs=1)
        run(cell, resources, tmp_path)
        first = (tmp_path / "log.txt").read_text()
        run(cell, resources, tmp_path)
        assert (tmp_path / "log.txt").read_text().startswith(first)


class TestInterrupting:
    @pytest.fixture
    def interrupted_formatter(self, monkeypatch):
        def interrupt(*args, **kwargs):
            raise KeyboardInterrupt

        monkeypatch.setattr("mmengine.config.config.FormatCode", interrupt)

    def test_mmengine_takes_an_interrupt_at_a_checkpoint_for_a_syntax_error(self, tmp_path, interrupted_formatter):
        with pytest.raises(SyntaxError, match="Failed to format the config file"):
            stock(tmp_path)

    def test_ours_formats_nothing(self, tmp_path, interrupted_formatter):
        runner = stock(tmp_path, Runner, device=CPU)
        runner.train()
        assert (tmp_path / "epoch_2.pth").exists()


class TestPlacing:
    def test_mmengine_takes_any_gpu_it_sees_and_ours_the_device_asked_for(self, tmp_path, monkeypatch):
        monkeypatch.setattr("mmengine.runner.runner.get_device", lambda: "meta")
        assert next(stock(tmp_path / "a").model.parameters()).device.type == "meta"
        assert next(stock(tmp_path / "b", Runner, device=CPU).model.parameters()).device == CPU

    def test_mmengine_reports_its_environment_and_ours_leaves_that_to_the_row(self, tmp_path, monkeypatch):
        called = []
        monkeypatch.setattr("mmengine.runner.runner.collect_env", lambda: called.append("slow") or {})
        stock(tmp_path / "a", Runner, device=CPU)
        assert called == []
        stock(tmp_path / "b")
        assert called == ["slow"]
