"""The label-leak proof: hidden labels, every one of them flipped, change nothing in training.

It runs through the same resources and runner as `bench run`, for a method of each kind. Each registered method has the
same proof on toy data: "sees no label that its run hides" in `bench.conformance`.
"""

import numpy as np
import pytest
from helpers.comparisons import assert_same_scores, assert_same_training
from helpers.trainings import KINDS, QUICK, Relabelled, make_cell, run

from methods import METHODS
from protocols import PROTOCOLS
from protocols.splits import held_out

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def flipped(resources, make_resources):
    """Resources whose training labels differ from `bench`'s wherever the mask or the held-out split hides them.

    What is hidden is found without the resources: resources that lets labels through must not say what they are.
    """
    full = resources.dataset.train.labels
    hidden = PROTOCOLS.get("partial")().observe(full, 50, seed=0) == 0
    hidden[held_out(len(full), 20, seed=0)[1]] = True
    assert hidden.mean() > 0.5
    return make_resources(Relabelled(resources.dataset, np.where(hidden, -full, full)))


@pytest.mark.parametrize("method", KINDS)
def test_training_does_not_see_hidden_labels(method, straight, flipped, tmp_path):
    expected = straight(method)
    outcome = run(make_cell(flipped, method, holdout=20, **QUICK), flipped, tmp_path)
    assert_same_training(expected.folder, tmp_path, same_truth=False)
    assert_same_scores(outcome.logits, expected.outcome.logits)


def test_a_method_that_peeks_is_caught(resources, toys, flipped, tmp_path):
    """The proof can fail: this toy opens the dataset by itself."""
    Relabelled(resources.dataset, resources.dataset.train.labels)
    honest = make_cell(resources, "toy_peeking", holdout=20, **QUICK)
    run(honest, resources, tmp_path / "one")
    Relabelled.newest = flipped.dataset
    run(make_cell(flipped, "toy_peeking", holdout=20, **QUICK), flipped, tmp_path / "other")
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(tmp_path / "one", tmp_path / "other")


def test_a_mask_with_one_hidden_label_in_it_is_caught(resources, flipped, tmp_path, monkeypatch):
    """And resources that lets a single hidden label through."""
    partial = PROTOCOLS.get("partial")
    honest = partial.observe

    def observe(self, labels, percent, seed, images):
        observed = honest(self, labels, percent, seed, images)
        row = held_out(len(labels), 20, seed)[0][0]
        column = np.flatnonzero(observed[row] == 0)[0]
        observed[row, column] = labels[row, column]
        return observed

    monkeypatch.setattr(partial, "observe", observe)
    for world, name in ((resources, "one"), (flipped, "other")):
        run(make_cell(world, "asl", holdout=20, **QUICK), world, tmp_path / name)
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize("method", METHODS.names())
def test_only_a_declared_ceiling_trains_on_full_labels(method, resources):
    """What sees hidden labels says so: in its class, in its cell, and in the table's note."""
    cell = make_cell(resources, method)
    sees_all = METHODS.get(method).labels == "full"
    known = resources.inputs(cell)[0].observed != 0
    assert known.all() == sees_all
    assert known.any() == (METHODS.get(method).labels != "none")
    assert (cell.protocol.name == "full") == (METHODS.get(method).labels != "observed")
    assert not sees_all or "all labels" in METHODS.get(method).note


def test_the_two_datasets_of_the_proof_agree_on_what_is_observed_and_differ_in_all_that_is_hidden(resources, flipped):
    one, other = (world.inputs(make_cell(world, "asl", holdout=20))[0].observed for world in (resources, flipped))
    assert np.array_equal(one, other)
    assert ((resources.dataset.train.labels == flipped.dataset.train.labels) == (one != 0)).all()


def test_held_out_labels_are_absent_from_what_a_method_gets(resources):
    inputs, facts = resources.inputs(make_cell(resources, "asl", percent=100, holdout=25))
    assert (inputs.observed[inputs.heldout_rows] == 0).all()
    assert (inputs.observed[inputs.train_rows] != 0).all()
    assert np.array_equal(inputs.task.observed.numpy(), inputs.observed)
    assert facts.known == 1.0
    assert not set(inputs.train_rows) & set(inputs.heldout_rows)
