"""Average precision on resampled rows: against scikit-learn and against its own definition."""

import numpy as np
import pytest
from helpers.drawn_scores import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from bench.stats import (
    difference,
    multiplicities,
    rankings,
    resampled_map,
    weighted_average_precision,
)
from bench.stats.metrics import average_precision, mean_average_precision


def weights(rows: np.ndarray, images: int) -> np.ndarray:
    """Multiplicities float32 (N, R) of resampled rows (R, any)."""
    return np.stack([np.bincount(row, minlength=images) for row in rows], axis=1).astype(np.float32)


def reference(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """AP by class of scikit-learn, judged entries only; NaN without positives."""
    return np.array([
        100 * average_precision_score(y[y != 0] == 1, s[y != 0]) if (y == 1).any() else np.nan
        for s, y in zip(scores.T, labels.T, strict=True)
    ])  # fmt: skip


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([0.0, 0.3]), st.integers(3, 80))
@settings(max_examples=30)
def test_weighted_ap_is_scikit_learns_on_the_resampled_rows(seed, ties, ignored, images):
    scores, labels = drawn(seed, images=images, ties=ties, ignored=ignored)
    rows = np.random.default_rng(seed).integers(images, size=(4, images))
    precisions = weighted_average_precision(rankings(scores, labels), weights(rows, images))
    expected = np.stack([reference(scores[r], labels[r]) for r in rows], axis=1)
    np.testing.assert_allclose(precisions, expected, rtol=0, atol=1e-10)  # in percent: 1e-12 of AP


@pytest.mark.parametrize("ties", [False, True])
def test_weights_of_one_give_the_headline_metric(ties):
    scores, labels = drawn(3, ties=ties, ignored=0.2)
    precisions = weighted_average_precision(rankings(scores, labels), np.ones((len(labels), 1), np.float32))
    np.testing.assert_allclose(precisions[:, 0], average_precision(scores, labels), rtol=0, atol=1e-10)
    estimate, _ = resampled_map(scores, labels, multiplicities(len(labels), 1))
    assert estimate == pytest.approx(mean_average_precision(scores, labels), abs=1e-10)


def test_classes_that_lose_their_positives_are_nan_and_left_out_of_the_mean():
    scores, labels = drawn(0, images=8, classes=3)
    labels[:, 1] = -1
    labels[:, 2], labels[5, 2] = -1, 1
    counts = np.array([[2, 0, 1, 1, 1, 0, 2, 1], [1] * 8], np.uint8)  # the first has lost image 5
    ap = weighted_average_precision(rankings(scores, labels), counts.T.astype(np.float32))
    assert np.isnan(ap).tolist() == [[False, False], [True, True], [True, False]]
    estimate, samples = resampled_map(scores, labels, counts)
    assert samples == pytest.approx([ap[0, 0], (ap[0, 1] + ap[2, 1]) / 2])
    assert estimate == pytest.approx(samples[1])


def test_a_class_that_nobody_judged_has_no_ap():
    scores, labels = drawn(0, images=10, classes=2)
    labels[:, 0] = 0
    precisions = weighted_average_precision(rankings(scores, labels), np.ones((10, 3), np.float32))
    assert np.isnan(precisions[0]).all()
    assert not np.isnan(precisions[1]).any()


def test_draws_are_resamples_and_more_of_them_continue_fewer():
    few, many = multiplicities(50, 5, seed=1), multiplicities(50, 20, seed=1)
    assert (many.sum(axis=1) == 50).all()
    assert np.array_equal(few, many[:5])
    assert len(np.unique(many, axis=0)) == 20
    assert not np.array_equal(few, multiplicities(50, 5, seed=2))
    spread = multiplicities(200, 400).astype(float)
    assert spread.var() == pytest.approx(1 - 1 / 200, rel=0.05), "multinomial with equal chances"


def test_resamples_without_any_positive_do_not_count():
    samples = np.array([1.0, np.nan, 2.0, 3.0])
    assert difference(2.0, samples, 5).resamples == 3
