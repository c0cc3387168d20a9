"""What a run of MMEngine leaves outside itself: shared tables, folders, logs, devices.

A test of MMEngine's own behaviour that fails says that the repair is no longer needed.
"""

import time
from types import SimpleNamespace

import pytest
from helpers.stock_mmengine import CPU, stock
from helpers.trainings import make_cell, run
from mmengine.logging import MessageHub

from bench.training.mmengine_repairs import Runner

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning"),
    pytest.mark.usefixtures("apart"),
]


@pytest.fixture
def stopped_clock(monkeypatch):
    clock = SimpleNamespace(**{n: getattr(time, n) for n in ("strftime", "localtime")}, time=lambda: 1.7e9)
    monkeypatch.setattr("mmengine.runner.runner.time", clock)


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
        captured = capfd.readouterr()
        assert captured.out == captured.err == ""

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
