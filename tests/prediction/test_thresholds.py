"""Thresholds and probabilities against brute force and scikit-learn, over known labels alone."""

import numpy as np
import pytest
from helpers.drawn_scores import drawn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss, precision_score

from bench.prediction.probabilities import calibrated
from bench.prediction.thresholds import choose_thresholds

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_has_a_better_f1(seed, ties):
    scores, labels = drawn(seed, ties=ties, ignored=0.2)
    chosen = choose_thresholds(scores, labels)
    for c in range(labels.shape[1]):
        known = labels[:, c] != 0
        truth, values = labels[known, c] == 1, scores[known, c]
        best = max(f1_score(truth, values >= cut) for cut in values)
        assert f1_score(truth, values >= chosen.values[c]) == pytest.approx(best)
        assert precision_score(truth, values >= chosen.values[c]) == pytest.approx(chosen.precision[c])


@pytest.mark.parametrize("seed", range(5))
def test_the_lowest_threshold_that_is_precise_enough(seed):
    scores, labels = drawn(seed, ties=seed % 2 == 0, ignored=0.2)
    chosen = choose_thresholds(scores, labels, precision=0.8)
    for c in range(labels.shape[1]):
        known = labels[:, c] != 0
        truth, values = labels[known, c] == 1, scores[known, c]
        precise = [cut for cut in values if precision_score(truth, values >= cut) >= 0.8]
        if not precise:
            assert np.isnan(chosen.values[c])
            continue
        assert ((values >= chosen.values[c]) == (values >= min(precise))).all()


def test_a_class_with_one_kind_of_label_has_none():
    scores, labels = drawn(0)
    labels[:, 0], labels[:, 1] = 1, np.where(labels[:, 1] == 1, 0, -1)
    for precision in (None, 0.5):
        assert np.isnan(choose_thresholds(scores, labels, precision).values).tolist() == [True, True, False, False]
    assert np.isnan(calibrated(scores, labels, "platt").slope).tolist() == [True, True, False, False]


def test_unknown_labels_change_nothing():
    scores, labels = drawn(3, ignored=0.3)
    other = np.where(labels == 0, scores + 50, scores)
    np.testing.assert_array_equal(choose_thresholds(scores, labels).values, choose_thresholds(other, labels).values)
    for method in ("platt", "temperature"):
        np.testing.assert_allclose(calibrated(scores, labels, method).slope, calibrated(other, labels, method).slope)


def test_one_temperature_is_scikit_learns_slope_without_offset():
    scores, labels = drawn(1, images=400)
    fitted = calibrated(7 * scores, labels, "temperature")
    reference = LogisticRegression(C=1e10, fit_intercept=False, tol=1e-8)
    reference.fit(7 * scores.reshape(-1, 1), labels.ravel() == 1)
    np.testing.assert_allclose(fitted.slope, reference.coef_[0, 0], rtol=1e-3)
    assert (fitted.offset == 0).all()


def test_platts_probabilities_keep_the_order_and_are_near_the_best():
    scores, labels = drawn(2, images=2000)
    probabilities = calibrated(scores, labels, "platt")(scores)
    for c in range(labels.shape[1]):
        truth = labels[:, c] == 1
        reference = LogisticRegression(C=1e10, tol=1e-8).fit(scores[:, [c]], truth).predict_proba(scores[:, [c]])[:, 1]
        assert log_loss(truth, probabilities[:, c]) == pytest.approx(log_loss(truth, reference), abs=1e-4)
    order = np.argsort(-scores, axis=0, kind="stable")
    assert (np.diff(np.take_along_axis(probabilities, order, axis=0), axis=0) <= 0).all()
    backwards = calibrated(-scores, labels, "platt")
    assert (backwards.slope >= 0).all(), "a class that scores its images backwards is not turned round"
