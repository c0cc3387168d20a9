"""Live mode keeps the two properties of all training: no hidden label reaches it, and every method trains."""

import copy

import numpy as np
import pytest
import torch
from helpers.comparisons import assert_same_training, losses
from helpers.live import SHORT, TRAINED, live
from helpers.trainings import NARROW, Relabelled, make_cell, quiet, run

from bench.errors import DataError
from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.records.rows import Row
from bench.records.store import Store
from bench.training.resources import Resources
from bench.training.trained_parts import TrainedParts
from methods import METHODS
from protocols import PROTOCOLS
from protocols.splits import held_out

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toys")]


@pytest.mark.parametrize("train", ["none", "last"])
@pytest.mark.parametrize("feed", ["live", "views"])
def test_hidden_labels_change_nothing(feed, train, small, tmp_path):
    """The leak proof, as in cached mode."""
    if feed == "views" and train == "last":
        pytest.skip("cached views are of a frozen encoder")
    full = small.dataset.train.labels
    hidden = PROTOCOLS.get("partial")().observe(full, 50, seed=0) == 0
    hidden[held_out(len(full), 20, seed=0)[1]] = True
    other = Resources(
        Relabelled(small.dataset, np.where(hidden, -full, full)), torch.device("cpu"), small.cache, progress=quiet
    )
    fed = {"augment": "tai"} | ({"train": train} if feed == "live" else {"count": 2})
    for world, name in ((small, "one"), (other, "other")):
        cell = make_cell(world, "asl", feed=feed, fed=fed, holdout=20, **SHORT)
        outcome = run(cell, world, tmp_path / name)
        assert all(record["loss"] > 0 for record in losses(tmp_path / name))
    assert_same_training(tmp_path / "one", tmp_path / "other")
    assert outcome.logits.shape == (12, 20)


def test_a_leak_in_live_batches_is_caught(small, tmp_path, monkeypatch):
    """The proof can fail: one hidden label let through."""
    full = small.dataset.train.labels
    hidden = PROTOCOLS.get("partial")().observe(full, 50, seed=0) == 0
    flipped = Relabelled(small.dataset, np.where(hidden, -full, full))
    from bench.training import live as module

    honest = module.LiveBatches.__init__

    def leaking(self, given, observed, seed):
        honest(self, given, observed, seed)
        column = int(np.flatnonzero(hidden[0])[0])
        self.labels[0, column] = int(Relabelled.newest.train.labels[0, column])

    monkeypatch.setattr(module.LiveBatches, "__init__", leaking)
    for labels, name in ((full, "one"), (flipped.train.labels, "other")):
        world = Resources(Relabelled(small.dataset, labels), torch.device("cpu"), small.cache, progress=quiet)
        run(make_cell(world, "asl", feed="live", **SHORT), world, tmp_path / name)
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize("method", [name for name in METHODS.names() if METHODS.get(name).labels != "none"])
def test_every_method_trains_with_a_trainable_encoder(method, small, tmp_path):
    """None of them knows; none keeps a step's graph for the next one."""
    cell = live(small, method, fed={**TRAINED, "strong": "strong"}, epochs=1, batch_size=12, **NARROW)
    outcome = run(cell, small, tmp_path)
    assert np.isfinite(outcome.logits).all()
    assert all(np.isfinite(record["loss"]) for record in losses(tmp_path))


def test_gradients_reach_the_encoder_only_where_it_is_trained(small):
    encoder = small.images.backbone(live(small).backbone).encoder
    images = torch.randn(2, 3, 64, 64)
    for train, wanted in (("none", False), ("last", True), ("all", True)):
        parts = TrainedParts(encoder, train).train()
        assert parts(images).dense.requires_grad == wanted
        assert bool(list(parts.parameters())) == wanted
        assert not any(module.training for module in parts.modules())
        twin = copy.deepcopy(parts)
        assert (twin._held.encoder is parts._held.encoder) == (train == "none"), "averages copy what is trained"
        if wanted:
            for parameter in twin.parameters():
                parameter.data.zero_()
            assert not twin(images).pooled.any()
            assert parts(images).pooled.any()


def test_rows_say_that_the_encoder_was_trained(small, tmp_path):
    store = Store(tmp_path)
    cells = [live(small, fed=TRAINED, epochs=1), live(small, epochs=1)]
    run_cells(cells, store, Inline(small, store), _Silent())
    trained, frozen = (store.row(cell.key) for cell in cells)
    assert trained.flags == ("image encoder trained: last",)
    assert frozen.flags == ()
    assert trained.trainable_parameters > frozen.trainable_parameters
    assert Row.from_json(trained.to_json()).cell == cells[0]


class _Silent:
    def cell_started(self, cell): ...

    def epoch_ended(self, cell, epoch, epochs, record): ...

    def cell_ended(self, cell, ending, message):
        assert ending == "done", message


def test_an_image_that_cannot_be_read_is_reported_as_it_is(small, tmp_path, monkeypatch):
    class Broken(type(small.dataset.train.images)):
        def __getitem__(self, i):
            raise DataError("the image 7 is missing; complete the folder.")

    cell = live(small)
    small.inputs(cell)
    monkeypatch.setattr(small.dataset.train.images, "__class__", Broken)
    with pytest.raises(DataError, match="the image 7 is missing"):
        run(cell, small, tmp_path)
