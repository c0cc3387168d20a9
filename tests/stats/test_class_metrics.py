"""AUROC and precision at a recall: by hand with unknown labels, against scikit-learn, torchmetrics and mlcpl's rule."""

import numpy as np
import pytest
from helpers.drawn_entries import drawn_entries
from sklearn.metrics import precision_recall_curve, roc_auc_score

from bench.stats.class_metrics import area_under_roc, precision_at_recall

pytestmark = pytest.mark.slow

drawings = pytest.mark.parametrize(("seed", "ties"), [(0, False), (1, True), (2, True)])


def best_precision(truth: np.ndarray, scores: np.ndarray, recall: float) -> float:
    precision, reached, _ = precision_recall_curve(truth, scores)
    return precision[reached >= recall].max()


def over_known(metric, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """mlcpl's treatment of unknown labels: each class over its known entries, nan without a positive or a negative."""
    values = []
    for s, y in zip(scores.T, labels.T, strict=True):
        s, y = s[y != 0], y[y != 0]
        values.append(100 * metric(y == 1, s) if {-1, 1} <= set(y.tolist()) else np.nan)
    return np.array(values)


def test_by_hand_with_unknown_labels():
    """Class 0: positives 0.9, 0.4, negatives 0.6, 0.4, 0.1, unknown 0.95. 1: no known negative. 2: no positive."""
    labels = np.array([[1, 1, 0], [1, 0, -1], [-1, 1, -1], [-1, 0, 0], [-1, 1, -1], [0, 1, -1]], np.int8)
    scores = np.array([[0.9, 1, 1], [0.4, 2, 2], [0.6, 3, 3], [0.4, 4, 4], [0.1, 5, 5], [0.95, 6, 6]], np.float32)
    # 0.9 is above all 3 negatives; 0.4 is above one, level with one, below one: (3 + 1.5) of 6 pairs.
    np.testing.assert_allclose(area_under_roc(scores, labels), [75, np.nan, np.nan])
    # Recall 0.5 is reached at 0.9, precise; all of it at 0.4, with two negatives.
    np.testing.assert_allclose(precision_at_recall(scores, labels, 0.5), [100, np.nan, np.nan])
    np.testing.assert_allclose(precision_at_recall(scores, labels, 0.51), [50, np.nan, np.nan])


def test_the_highest_precision_may_lie_at_a_higher_recall():
    """Positives at ranks 2, 3 and 4 behind a negative: 1/2, 2/3, 3/4."""
    labels = np.array([[-1], [1], [1], [1]], np.int8)
    scores = np.array([[4], [3], [2], [1]], np.float32)
    assert precision_at_recall(scores, labels, 0.1) == pytest.approx([75])


@drawings
@pytest.mark.parametrize("unknown", [0.0, 0.5])
def test_scikit_learn_agrees_with_unknown_entries_left_out_as_mlcpl_does(seed, ties, unknown):
    scores, labels = drawn_entries(seed, ties=ties, unknown=unknown)
    labels[:, 3], labels[:, 4] = np.minimum(labels[:, 3], 0), np.maximum(labels[:, 4], 0)
    areas = area_under_roc(scores, labels)
    assert np.flatnonzero(np.isnan(areas)).tolist() == [3, 4]
    np.testing.assert_allclose(areas, over_known(roc_auc_score, scores, labels))
    for recall in (0.1, 0.5, 0.8, 1.0):
        expected = over_known(lambda y, s, recall=recall: best_precision(y, s, recall), scores, labels)
        np.testing.assert_allclose(precision_at_recall(scores, labels, recall), expected)


@drawings
@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_torchmetrics_agrees(seed, ties, unknown):
    classification = pytest.importorskip("torchmetrics.functional.classification", exc_type=ImportError)
    from torch import from_numpy

    scores, labels = drawn_entries(seed, ties=ties, unknown=unknown)
    given = from_numpy(scores), from_numpy(labels.astype(int)).clamp(min=0)
    given[1][from_numpy(labels == 0)] = -1
    words = {"num_labels": labels.shape[1], "ignore_index": -1}
    theirs = classification.multilabel_auroc(*given, average="none", **words)
    np.testing.assert_allclose(area_under_roc(scores, labels), 100 * theirs.numpy(), rtol=1e-5)
    theirs = classification.multilabel_precision_at_fixed_recall(*given, min_recall=0.8, **words)[0]
    np.testing.assert_allclose(precision_at_recall(scores, labels, 0.8), 100 * theirs.numpy(), rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_monotone_map_changes_nothing_and_chance_is_a_half(seed):
    scores, labels = drawn_entries(seed, images=500, unknown=0.2)
    np.testing.assert_allclose(area_under_roc(np.exp(scores.astype(float)), labels), area_under_roc(scores, labels))
    np.testing.assert_allclose(area_under_roc(-scores, labels), 100 - area_under_roc(scores, labels))
    np.testing.assert_allclose(area_under_roc(0 * scores, labels), 50)
