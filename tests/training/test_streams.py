"""A cell whose mask, initialisation or order has a seed of its own: that changes, and nothing else does."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.toys import TOYS
from helpers.trainings import make_cell, run

from bench.records.cells import CELL_STREAMS, Cell
from bench.training.views import chosen_views
from methods import Method

pytestmark = [pytest.mark.usefixtures("toys"), pytest.mark.slow]
SHORT = {"epochs": 2, "batch_size": 60}


@dataclass
class Trained:
    """What a training looked like from inside."""

    mask: str
    heldout: list[int]
    start: torch.Tensor
    batches: list[list[int]]
    dropped: list[torch.Tensor]
    logits: np.ndarray


@pytest.fixture
def train(resources, tmp_path, monkeypatch):
    """`train(cell)`: its mask, held-out images, first parameters, batches, and the dropout of its first step."""

    def watched(cell: Cell) -> Trained:
        recorded = SimpleNamespace(start=None, batches=[], dropped=[])
        forward, dropout = Method.forward, torch.nn.Dropout.forward

        def spy(self, features, labels, rows, *more, **named):
            if recorded.start is None:
                recorded.start = self.head.weight.detach().clone()
            recorded.batches.append(rows.tolist())
            return forward(self, features, labels, rows, *more, **named)

        def spy_on_dropout(self, x):
            kept = dropout(self, x)
            if self.training:
                recorded.dropped.append((kept == 0) & (x != 0))
            return kept

        with monkeypatch.context() as patch:
            patch.setattr(Method, "forward", spy)
            patch.setattr(torch.nn.Dropout, "forward", spy_on_dropout)
            outcome = run(cell, resources, tmp_path / cell.key)
        inputs, facts = resources.inputs(cell)
        return Trained(
            facts.sha256,
            inputs.heldout_rows.tolist(),
            recorded.start,
            recorded.batches,
            recorded.dropped,
            outcome.logits,
        )

    return watched


def with_stream(resources, name: str, **more) -> tuple[Cell, Cell]:
    plain = make_cell(resources, "toy_linear", holdout=20, **SHORT, **more)
    return plain, replace(plain, streams={name: 7})


@pytest.mark.parametrize("name", CELL_STREAMS)
def test_one_stream_changes_what_it_is_about_and_nothing_else(name, resources, train):
    one, other = map(train, with_stream(resources, name))
    same = {
        "mask": one.mask == other.mask and one.heldout == other.heldout,
        "init": torch.equal(one.start, other.start) and torch.equal(one.dropped[0], other.dropped[0]),
        # other images are held out of training where the mask is another one
        "order": one.batches == other.batches or name == "mask",
    }
    assert [stream for stream, equal in same.items() if not equal] == [name]
    assert not np.array_equal(one.logits, other.logits)


def test_another_mask_leaves_the_order_of_the_batches(resources, train):
    plain = make_cell(resources, "toy_linear", **SHORT)
    one, other = train(plain), train(replace(plain, streams={"mask": 7}))
    assert one.mask != other.mask
    assert one.batches == other.batches


def test_augmentation_goes_with_the_initialisation(resources, tmp_path, monkeypatch):
    requests = []

    def spy(count, images, seed, epoch, which):
        requests.append(seed)
        return chosen_views(count, images, seed, epoch, which)

    monkeypatch.setattr("bench.training.views.chosen_views", spy)
    fed = {"count": 2, "augment": "dualcoop"}
    plain = make_cell(resources, "toy_linear", feed="views", fed=fed, epochs=1, batch_size=60)
    for streams in ({"init": 5}, {"order": 5, "mask": 5}):
        requests.clear()
        cell = replace(plain, streams=streams)
        run(cell, resources, tmp_path / cell.key)
        assert set(requests) == {streams.get("init", 0)}


def test_the_toys_draw_while_training():
    assert TOYS["toy_linear"].Config().dropout > 0, "or the test of the initialisation would see half of it"
