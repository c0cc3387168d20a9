"""Equal cells give equal bits, and nothing but the cell decides them."""

import time
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.comparisons import assert_same_scores, assert_same_training, checkpoint, final_parameters, same_bits
from helpers.trainings import QUICK, make_cell, run
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from bench.settings.conversion import build
from bench.training import evaluation as evaluate
from bench.training.order import ShuffledBatches
from methods import METHODS, Features, Method

pytestmark = [pytest.mark.usefixtures("toys"), pytest.mark.slow]


@pytest.fixture
def orders(monkeypatch) -> list[list[int]]:
    """The image indices of every training batch."""
    batches: list[list[int]] = []
    forward = Method.forward

    def spy(self, features, labels, rows, **more):
        batches.append(rows.tolist())
        return forward(self, features, labels, rows, **more)

    monkeypatch.setattr(Method, "forward", spy)
    return batches


def test_the_same_cell_twice_gives_equal_bits(resources, tmp_path):
    """Whatever the process drew before."""
    cell = make_cell(resources, "toy_buffered", **QUICK)
    one = run(cell, resources, tmp_path / "one")
    torch.rand(17)
    np.random.random(17)
    other = run(cell, resources, tmp_path / "other")
    assert_same_training(tmp_path / "one", tmp_path / "other")
    assert one.logits.dtype == np.float32
    assert np.array_equal(one.logits, other.logits)


def test_scores_are_the_averaged_models_own_float32_logits(resources, tmp_path):
    """Built and scored by hand from the checkpoint: no half precision, no plain weights, no earlier epoch."""
    cell = make_cell(resources, "toy_buffered", **QUICK)
    outcome = run(cell, resources, tmp_path)
    inputs, _ = resources.inputs(cell)
    method = METHODS.get("toy_buffered")
    model = method(build(method.Config, cell.method.options, owner="toy"), inputs.task)
    saved = checkpoint(tmp_path)
    model.load_state_dict(saved["state_dict"])  # MMEngine keeps the average there, and the plain weights beside it
    assert not torch.equal(saved["state_dict"]["head.weight"], saved["ema_state_dict"]["module.head.weight"])
    features = Features(torch.tensor(inputs.test.dense).float(), torch.tensor(inputs.test.pooled))
    assert_same_scores(outcome.logits, model.score(features).numpy())


def test_another_seed_gives_another_training(resources, tmp_path):
    for seed in (0, 1):
        run(make_cell(resources, "toy_linear", seed=seed, **QUICK), resources, tmp_path / str(seed))
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(tmp_path / "0", tmp_path / "1")


@pytest.mark.parametrize("times", [0, 3])
def test_how_often_is_evaluated_does_not_change_training(times, resources, tmp_path, monkeypatch):
    cell = make_cell(resources, "toy_linear", **QUICK)
    run(cell, resources, tmp_path / "once")

    def evaluated(*arguments, honest=evaluate.split_logits):
        for _ in range(times):
            honest(*arguments)
        return np.zeros((len(resources.dataset.test), 20), np.float32)

    monkeypatch.setattr(evaluate, "split_logits", evaluated)
    run(cell, resources, tmp_path / "other")
    ours, theirs = final_parameters(tmp_path / "once"), final_parameters(tmp_path / "other")
    assert all(same_bits(ours[name], theirs[name]) for name in ours)


def test_the_order_of_images_is_the_same_for_two_methods_and_new_in_each_epoch(resources, tmp_path, orders):
    for method in ("toy_linear", "asl"):
        run(make_cell(resources, method, **QUICK), resources, tmp_path / method)
    half = len(orders) // 2
    assert orders[:half] == orders[half:]
    steps = half // QUICK["epochs"]
    epochs = [list(chain(*orders[i : i + steps])) for i in range(0, half, steps)]
    assert all(sorted(epoch) == list(range(120)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == QUICK["epochs"]


def test_the_order_does_not_depend_on_the_global_state_or_on_what_was_asked_before():
    batches = ShuffledBatches(np.arange(50), 7, seed=0)
    batches.set_epoch(4)
    fourth = [b.tolist() for b in batches]
    list(batches)
    batches.set_epoch(1)
    list(batches)
    torch.manual_seed(3)
    batches.set_epoch(4)
    assert [b.tolist() for b in batches] == fourth
    assert len(fourth) == len(batches) == 8


def test_the_mask_is_the_same_for_every_method(resources):
    """And so are the facts that go into the row."""
    (one, facts), (other, again) = (resources.inputs(make_cell(resources, name)) for name in ("asl", "toy_linear"))
    assert np.array_equal(one.observed, other.observed)
    assert facts == again


def test_two_cells_started_in_the_same_second_share_nothing(resources, tmp_path, monkeypatch):
    """MMEngine keeps loggers, hubs and scopes by a name with a timestamp in seconds."""
    stopped = SimpleNamespace(**{n: getattr(time, n) for n in ("strftime", "localtime", "time")})
    stopped.time = lambda: 1.7e9
    monkeypatch.setattr("mmengine.runner.runner.time", stopped)
    alone = run(make_cell(resources, "toy_linear", **QUICK), resources, tmp_path / "alone")
    before = [set(table._instance_dict) for table in (MMLogger, MessageHub, Visualizer, DefaultScope)]
    run(make_cell(resources, "toy_buffered", **QUICK), resources, tmp_path / "first")
    second = run(make_cell(resources, "toy_linear", **QUICK), resources, tmp_path / "second")
    assert np.array_equal(second.logits, alone.logits)
    assert_same_training(tmp_path / "alone", tmp_path / "second")
    assert [set(table._instance_dict) for table in (MMLogger, MessageHub, Visualizer, DefaultScope)] == before


def test_determinism_flags_are_put_back(resources, tmp_path):
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        run(make_cell(resources, "toy_linear", epochs=1), resources, tmp_path)
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
    run(make_cell(resources, "toy_linear", epochs=1), resources, tmp_path / "again")
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_cell_writes_into_its_own_folder_only(resources, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run(make_cell(resources, "toy_linear", **QUICK), resources, tmp_path / "cell")
    written = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {"cell/curve.jsonl", "cell/log.txt", "cell/checkpoint/last.pth"}
