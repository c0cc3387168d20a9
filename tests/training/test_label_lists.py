"""Cells on labels that are held as lists: the scores of a table, and what needs a table is left out of the plan."""

import numpy as np
import pytest
from helpers.comparisons import assert_same_scores
from helpers.trainings import QUICK, Relabelled, make_cell, run

from bench.errors import UsageError
from bench.planning.plan import plan
from bench.planning.request import Request
from bench.system.sparse import SparseLabels
from bench.training.unread import UnreadError
from methods import METHODS, Batch, Features
from protocols import PROTOCOLS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worlds(resources, make_resources):
    """The same labels, half of them unknown, as a table and as lists."""
    table = PROTOCOLS.get("partial")().observe(resources.dataset.train.labels, 50, seed=0)
    rows, columns = np.nonzero(table)
    held = SparseLabels.of_entries(rows, columns, table[rows, columns], table.shape)
    return [make_resources(Relabelled(resources.dataset, labels)) for labels in (table, held)]


def test_scores_are_those_of_a_table_to_the_bit(worlds, tmp_path):
    outcomes, facts = [], []
    for world in worlds:
        cell = make_cell(world, "asl", protocol="native", **QUICK)
        facts.append(world.inputs(cell)[1])
        (tmp_path / cell.key).mkdir()
        outcomes.append(run(cell, world, tmp_path / cell.key).logits)
    assert_same_scores(*outcomes)
    one, other = (vars(fact) for fact in facts)
    assert one.pop("sha256") != other.pop("sha256")
    assert one == pytest.approx(other)


def test_methods_that_say_so_read_their_batches_alone(worlds):
    names = [name for name in METHODS.names() if not METHODS.get(name).needs_table(METHODS.get(name).Config())]
    assert {"asl", "bce_iu", "splc"} <= set(names)
    for name in names:
        inputs, _ = worlds[1].inputs(make_cell(worlds[1], name, protocol="native"))
        model = inputs.method.method(inputs.method.config, inputs.task)
        rows = np.arange(8)
        features = Features(*(_tensor(one[rows]) for one in (inputs.train.dense, inputs.train.pooled)))
        model.loss(Batch(features, _tensor(inputs.observed[rows], float32=False), _tensor(rows, float32=False)))
    with pytest.raises(UnreadError, match="batches_suffice"):
        (inputs.task.observed == 1).sum()
    with pytest.raises(UnreadError, match="batches_suffice"):
        inputs.task.observed[0]


def _tensor(array, float32=True):
    import torch

    tensor = torch.from_numpy(np.array(array))
    return tensor.float() if float32 else tensor


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"protocol": "partial"}, r"protocol partial draws a mask over .* 0\.0 GB"), ({"holdout": 20}, "--holdout 20 of")],
)
def test_what_needs_a_table_is_refused_before_anything_is_trained(changes, words, worlds):
    with pytest.raises(UsageError, match=words):
        plan(Request(("asl",), (10,), **{"protocol": "native", **changes}), worlds[1].dataset)


def test_methods_that_need_a_table_are_left_out_of_the_plan(worlds):
    asked_for = Request(("asl", "role", "asl"), (), protocol="native", overrides={"asl": {}})
    places = plan(asked_for, worlds[1].dataset)
    assert ["a table of" in place.skipped for place in places] == [False, True, False]
    prior = Request(("asl",), (), protocol="native", overrides={"asl": {"bias_init": "prior"}})
    assert plan(prior, worlds[1].dataset)[0].skipped
    assert not any(place.skipped for place in plan(asked_for, worlds[0].dataset))
