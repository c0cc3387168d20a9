"""The label-leak proof for labels that are unknown in the data: training is that of hidden labels, to the bit."""

import numpy as np
import pytest
from helpers.comparisons import assert_same_scores, assert_same_training
from helpers.trainings import QUICK, Relabelled, make_cell, run

from bench.data import Split
from bench.training.labels import CellLabels
from protocols import PROTOCOLS

pytestmark = pytest.mark.slow


class Unknown(Relabelled):
    """Another dataset's images with labels that are unknown in training and in test."""

    def __init__(self, like, train, test):
        super().__init__(like, train)
        self._test = Split(like.test.ids, test, like.test.images)

    @property
    def test(self) -> Split:
        return self._test


@pytest.fixture(scope="module")
def masked(resources, make_resources):
    """Resources whose training images have the labels that `partial` leaves known at 50 %, and no others."""
    observed = PROTOCOLS.get("partial")().observe(resources.dataset.train.labels, 50, seed=0)
    return make_resources(Relabelled(resources.dataset, observed))


@pytest.fixture(scope="module")
def unknown(resources, masked, make_resources):
    """The same with 70 % of the test labels, and of the first class no negative among them."""
    test = PROTOCOLS.get("partial")().observe(resources.dataset.test.labels, 70, seed=1)
    test[test[:, 0] == -1, 0] = 0
    assert (test[:, 0] == 1).any()
    return make_resources(Unknown(resources.dataset, masked.dataset.train.labels, test))


@pytest.mark.parametrize("method", ["asl", "trm_ml"])
def test_what_the_data_does_not_tell_is_to_a_method_as_if_hidden(method, straight, masked, tmp_path):
    expected, cell = straight(method), make_cell(masked, method, holdout=20, **QUICK)
    assert (cell.protocol.name, cell.percent) == ("native", None)
    outcome = run(cell, masked, tmp_path)
    assert_same_training(expected.folder, tmp_path, same_truth=False)
    assert_same_scores(outcome.logits, expected.outcome.logits)


def test_a_method_that_sees_all_labels_sees_all_that_the_data_has(unknown):
    inputs, facts = unknown.inputs(make_cell(unknown, "oracle"))
    assert np.array_equal(inputs.observed, unknown.dataset.train.labels)
    assert facts.known == 1
    assert facts.unknown_in_data == pytest.approx((unknown.dataset.train.labels == 0).mean())
    assert not inputs.hidden_labels[:].any()


def test_more_can_be_hidden_and_pseudo_labels_are_judged_by_what_was_known(unknown):
    cell = make_cell(unknown, "asl", protocol="partial", percent=40, seed=3, holdout=20)
    inputs, facts = unknown.inputs(cell)
    labels, kept = unknown.dataset.train.labels, inputs.train_rows
    assert not inputs.observed[labels == 0].any()
    hidden_labels = inputs.hidden_labels[:]
    assert not hidden_labels[labels == 0].any()
    hidden = (labels[kept] != 0) & (inputs.observed[kept] == 0)
    assert np.array_equal(hidden_labels[kept][hidden], labels[kept][hidden])
    assert facts.known == pytest.approx(0.4, abs=0.05)


def test_what_a_protocol_hides_of_held_out_images_chooses_nothing(unknown, make_resources):
    """Flipped, it changes neither the labels that epochs and thresholds are chosen by, nor what is learned from."""
    train = unknown.dataset.train.labels
    words = {"protocol": "partial", "percent": 40, "seed": 3, "holdout": 20}
    cell = make_cell(unknown, "asl", **words)
    assert cell.judged == "observed"
    left = PROTOCOLS.get("partial")().observe(train, 40, seed=3)
    flipped = np.where(left == 0, -train, train)
    assert (flipped != train).mean() > 0.2
    other = make_resources(Unknown(unknown.dataset, flipped, unknown.dataset.test.labels))
    before, after = unknown.inputs(cell)[0], other.inputs(make_cell(other, "asl", **words))[0]
    assert before.heldout_labels.any()
    assert np.array_equal(before.heldout_labels, after.heldout_labels)
    for one, two in zip(unknown.labels.given(cell), other.labels.given(cell), strict=True):
        assert np.array_equal(one, two)


def test_nothing_unknown_is_judged_and_classes_of_one_kind_are_left_out(unknown):
    inputs, _ = unknown.inputs(make_cell(unknown, "asl", holdout=20))
    test = unknown.dataset.test
    for judged in (inputs.test_labels, unknown.targets.labels):
        assert not judged[test.labels == 0].any()
        assert not judged[:, 0].any()
        counts = (judged != 0).any(axis=0)
        assert np.array_equal(judged[:, counts], test.labels[:, counts])
    heldout = inputs.heldout_labels[inputs.heldout_rows]
    assert not heldout[unknown.dataset.train.labels[inputs.heldout_rows] == 0].any()
    assert ((heldout == 1).any(axis=0) == (heldout == -1).any(axis=0)).all()
    assert heldout.any()
    left_out = unknown.dataset.facts["unknown"]["not_judged"]
    assert left_out == [name for name, fine in zip(unknown.dataset.class_names, counts, strict=True) if not fine]
    assert unknown.dataset.class_names[0] in left_out
    assert counts.sum() > 10


def test_a_value_in_the_place_of_one_unknown_label_is_caught(straight, masked, tmp_path, monkeypatch):
    """The proof can fail."""
    expected, honest = straight("asl"), CellLabels.given

    def labels(self, cell):
        given = honest(self, cell)
        row = given.train_rows[0]
        given.observed[row, np.flatnonzero(given.observed[row] == 0)[0]] = -1
        return given

    monkeypatch.setattr(CellLabels, "given", labels)
    run(make_cell(masked, "asl", holdout=20, **QUICK), masked, tmp_path)
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(expected.folder, tmp_path, same_truth=False)
