"""The weights that a finished cell keeps give its stored scores again, bit for bit, and hold nothing else."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from helpers.comparisons import assert_same_scores
from helpers.trainings import QUICK, make_cell, run

from bench.data.blind import blind
from bench.errors import DataError
from bench.executors import Inline
from bench.executors.ray.transfer import RESULT, pack
from bench.records.layout import WEIGHTS_FILE
from bench.records.store import Store
from bench.training.batches import FeatureBatches
from bench.training.kept import Kept
from bench.training.loaders import TEST_BATCH, loader
from bench.training.logits import split_logits
from bench.training.order import OrderedBatches
from bench.training.weights import from_bytes, model_of, restored, scoring_state, to_bytes
from methods import METHODS

pytestmark = pytest.mark.slow

PER_IMAGE = {
    "curriculum": "pseudo",
    "em_apl": "pseudo",
    "role": "estimates",
    "scpnet": "activation",
    "ll_cp": "rule",
    "cap": "pseudo",
    "logicmix": "pseudo",
    "cft": "store",
}


def scores_again(cell, resources, content: bytes) -> np.ndarray:
    """Test logits of a fresh model with these weights, in the batches of the cell's own evaluation."""
    model = restored(cell, resources.task(cell), from_bytes(content), resources.device)
    dense = METHODS.get(cell.method.name).needs_dense(model.config)
    labels = resources.dataset.test.judged
    images = FeatureBatches(resources.images.features(cell, "test"), labels, dense)
    return split_logits(model, loader(images, OrderedBatches(np.arange(len(labels)), TEST_BATCH)), resources.device)


@pytest.mark.parametrize("method", ["toy_buffered", *METHODS.names()])
def test_the_kept_weights_give_the_stored_scores(method, straight, resources, toys):
    """With averaged weights, and with pseudo-labels under way. Of N training images nothing is kept."""
    cell, outcome, _ = straight(method)
    torch.manual_seed(123)  # what a model starts from must not matter
    assert_same_scores(scores_again(cell, resources, to_bytes(outcome.weights, cell, "code")), outcome.logits)
    assert [name for name, value in outcome.weights.items() if len(resources.dataset.train) in value.shape] == []


def test_averaged_weights_are_kept_where_they_gave_the_scores(straight, resources, toys):
    _, outcome, folder = straight("toy_linear")
    saved = torch.load(folder / "checkpoint" / "last.pth", weights_only=True)
    assert torch.equal(outcome.weights["head.weight"], saved["state_dict"]["head.weight"])
    assert not torch.equal(outcome.weights["head.weight"], saved["ema_state_dict"]["module.head.weight"]), (
        "a checkpoint holds the averaged weights under `state_dict` and the plain ones beside them"
    )


@pytest.mark.parametrize("method", PER_IMAGE)
def test_state_of_each_training_image_is_left_out_but_was_there(method, resources):
    cell = make_cell(resources, method, **QUICK)
    model = model_of(cell, resources.task(cell))
    whole, kept = model.state_dict(), scoring_state(model)
    left_out = set(whole) - set(kept)
    assert left_out
    assert all(name.startswith(PER_IMAGE[method] + ".") for name in left_out)
    assert any(len(value) == len(resources.dataset.train) for name, value in whole.items() if name in left_out)


def test_a_resumed_cell_keeps_the_same_weights(straight, resources, toys, tmp_path):
    expected = straight("toy_linear")
    shutil.copytree(expected.folder, tmp_path, dirs_exist_ok=True)
    again = run(expected.cell, resources, tmp_path)  # nothing is left to train
    assert again.weights.keys() == expected.outcome.weights.keys()
    assert all(torch.equal(value, again.weights[name]) for name, value in expected.outcome.weights.items())


def test_the_store_keeps_them_unless_told_otherwise(resources, make_resources, toys, tmp_path):
    cell = make_cell(resources, "toy_linear", **QUICK)
    kept, dropped = Store(tmp_path / "kept"), Store(tmp_path / "dropped")
    frugal = make_resources()
    frugal.kept = Kept(weights=False)
    for store, world in ((kept, resources), (dropped, frugal)):
        assert Inline(world, store).submit(cell).result().ending == "done"
    assert dropped.weights(cell.key) is None
    assert_same_scores(kept.scores(cell.key), dropped.scores(cell.key))
    assert_same_scores(scores_again(cell, resources, kept.weights(cell.key)), kept.scores(cell.key))


def test_they_travel_with_the_results_and_the_row_comes_last(resources, toys, tmp_path):
    cell, store = make_cell(resources, "toy_linear", **QUICK), Store(tmp_path)
    Inline(resources, store).submit(cell).result()
    files = pack(store.folder(cell.key), RESULT)
    assert files[WEIGHTS_FILE] == store.weights(cell.key)
    assert list(files)[-1] == "row.json"


def test_a_search_keeps_none(make_resources, toys, tmp_path):
    resources = make_resources()
    cell = dataclasses.replace(make_cell(resources, "toy_linear", holdout=20, **QUICK), test=False)
    blind(resources.dataset)
    store = Store(tmp_path)
    assert Inline(resources, store).submit(cell).result().ending == "done"
    assert store.weights(cell.key) is None


def test_weights_of_another_model_or_damaged_ones_are_refused(straight, resources, toys):
    cell, outcome, _ = straight("toy_linear")
    weights, task = outcome.weights, resources.task(cell)
    for wrong, what in (
        ({**weights, "stranger": torch.zeros(1)}, "'stranger' has no place in it"),
        ({"head.weight": weights["head.weight"]}, "'head.bias' is missing"),
        ({**weights, "head.bias": torch.zeros(3)}, "size mismatch"),
    ):
        with pytest.raises(DataError, match=what):
            restored(cell, task, wrong, resources.device)
    with pytest.raises(DataError, match="the weights cannot be read"):
        from_bytes(to_bytes(weights, cell, "code")[:-5])


def test_equal_weights_are_equal_bytes(resources, toys):
    cell = make_cell(resources, "toy_linear", **QUICK)
    weights = {"a": torch.zeros(2), "b": torch.ones(3)}
    assert len({to_bytes(weights, cell, "code") for _ in range(20)}) == 1
