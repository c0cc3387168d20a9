"""What a cell keeps beside its row changes no score, and what was not measured is not made up."""

from helpers.comparisons import assert_same_scores
from helpers.trainings import QUICK, make_cell

from bench.executors import Inline
from bench.executors.location import Location
from bench.records.store import Store
from bench.training.kept import Kept


def test_without_a_test_curve_scores_are_the_same_and_the_best_epoch_is_unknown(make_resources, toys, tmp_path):
    rows, curves, scores = {}, {}, {}
    for test_curve in (True, False):
        resources, store = make_resources(), Store(tmp_path / str(test_curve))
        resources.kept = Kept(test_curve=test_curve)
        cell = make_cell(resources, "toy_linear", holdout=20, **QUICK)
        assert Inline(resources, store).submit(cell).result().ending == "done"
        rows[test_curve], curves[test_curve] = store.row(cell.key), store.curve(cell.key)
        scores[test_curve] = store.scores(cell.key)
    epochs = rows[True].epochs
    assert epochs > 1
    assert ["mAP" in record for record in curves[False]] == [False] * (epochs - 1) + [True]
    assert all("mAP" in record for record in curves[True])
    assert_same_scores(scores[True], scores[False])
    assert rows[True].metrics == rows[False].metrics
    assert rows[True].heldout_best["epoch"] == rows[False].heldout_best["epoch"], "held-out images are scored as before"
    assert rows[True].test_best["mAP"] == max(record["mAP"] for record in curves[True])
    assert rows[False].test_best == {}


def test_workers_are_told(make_resources):
    resources = make_resources()
    resources.kept = Kept(weights=False, test_curve=False)
    assert Location.of(resources).open(resources.device, resources.progress).kept == resources.kept
