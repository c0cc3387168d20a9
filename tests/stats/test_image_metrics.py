"""Recall among the first k, ranking loss and coverage error: by hand with unknown labels, against the libraries'."""

import itertools

import numpy as np
import pytest
import sklearn.metrics as reference
from helpers.drawn_entries import drawn_entries

from bench.stats.image_metrics import coverage_error, image_ranking_loss, recall_among_first

pytestmark = pytest.mark.slow

drawings = pytest.mark.parametrize(("seed", "ties"), [(0, False), (1, True), (2, True)])

LABELS = np.array([
    [1, 0, -1, 1, -1],  # the unknown class scores highest and takes no place: +0.9 -0.8 +0.3 -0.1
    [1, -1, -1, 0, 0],  # tied with a negative
    [1, 1, 0, 0, 0],  # no known negative
    [-1, -1, 0, -1, 0],  # no known positive
    [0, 0, 0, 0, 0],
], np.int8)  # fmt: skip
SCORES = np.array([
    [0.9, 1.0, 0.8, 0.3, 0.1],
    [0.5, 0.5, 0.2, 0.9, 0.1],
    [0.5, 0.4, 0.2, 0.9, 0.1],
    [0.5, 0.4, 0.2, 0.9, 0.1],
    [0.5, 0.4, 0.2, 0.9, 0.1],
], np.float32)  # fmt: skip
NONE = [np.nan] * 3


def test_by_hand_with_unknown_labels():
    np.testing.assert_allclose(image_ranking_loss(SCORES, LABELS), [25, 50, *NONE])
    np.testing.assert_allclose(coverage_error(SCORES, LABELS), [3, 2, *NONE])
    np.testing.assert_allclose(recall_among_first(SCORES, LABELS, 1), [50, 0, *NONE])
    np.testing.assert_allclose(recall_among_first(SCORES, LABELS, 2), [50, 100, *NONE])
    # The second image has three known classes, all of which any order returns among three.
    np.testing.assert_allclose(recall_among_first(SCORES, LABELS, 3), [100, np.nan, *NONE])


@drawings
def test_scikit_learn_agrees_where_everything_is_known(seed, ties):
    """It counts images with labels of one kind as 0; here they are left out."""
    scores, labels = drawn_entries(seed, ties=ties)
    labels[5], labels[6] = 1, -1
    losses, depths = image_ranking_loss(scores, labels), coverage_error(scores, labels)
    assert np.flatnonzero(np.isnan(losses)).tolist() == np.flatnonzero(np.isnan(depths)).tolist() == [5, 6]
    truth = (labels == 1).astype(int)
    for place in set(range(len(labels))) - {5, 6}:
        one = truth[place : place + 1], scores[place : place + 1]
        assert losses[place] == pytest.approx(100 * reference.label_ranking_loss(*one))
        assert depths[place] == pytest.approx(reference.coverage_error(*one))
    judged = ~np.isnan(losses)
    assert np.nanmean(losses) == pytest.approx(100 * reference.label_ranking_loss(truth[judged], scores[judged]))
    assert np.nanmean(depths) == pytest.approx(reference.coverage_error(truth[judged], scores[judged]))


@drawings
def test_with_unknown_labels_it_is_as_if_the_image_had_its_known_classes_alone(seed, ties):
    scores, labels = drawn_entries(seed, ties=ties, unknown=0.5)
    losses, depths = image_ranking_loss(scores, labels), coverage_error(scores, labels)
    judged = np.flatnonzero(~np.isnan(losses))
    assert judged.tolist() == np.flatnonzero((labels == 1).any(axis=1) & (labels == -1).any(axis=1)).tolist()
    for place in judged:
        known = labels[place] != 0
        one = (labels[place, known] == 1).astype(int)[None], scores[place, known][None]
        assert losses[place] == pytest.approx(100 * reference.label_ranking_loss(*one))
        assert depths[place] == pytest.approx(reference.coverage_error(*one))


@drawings
@pytest.mark.parametrize("k", [1, 3, 8])
def test_recall_is_the_least_of_all_orders_of_equal_scores(seed, ties, k):
    scores, labels = drawn_entries(seed, images=30, classes=9, ties=ties, unknown=0.2)
    for image, recall in enumerate(recall_among_first(scores, labels, k)):
        known = labels[image] != 0
        s, y = scores[image, known], labels[image, known]
        if np.isnan(recall):
            assert len(y) <= k or set(y.tolist()) != {-1, 1}
            continue
        orders = (np.lexsort((order, -s)) for order in itertools.islice(itertools.permutations(range(len(s))), 300))
        against = np.lexsort((y, -s))
        hits = [(y[order[:k]] == 1).sum() for order in (*orders, against)]
        assert recall == pytest.approx(100 * min(hits) / (y == 1).sum())


@pytest.mark.parametrize("seed", range(2))
def test_torchmetrics_agrees_where_everything_is_known(seed):
    """With ties only the coverage error has a rule there."""
    classification = pytest.importorskip("torchmetrics.functional.classification", exc_type=ImportError)
    from torch import from_numpy
    from torchmetrics.functional.retrieval import retrieval_recall

    scores, labels = drawn_entries(seed)
    truth = from_numpy((labels == 1).astype(int))
    theirs = [float(retrieval_recall(from_numpy(s), y, top_k=3)) for s, y in zip(scores, truth, strict=True)]
    np.testing.assert_allclose(recall_among_first(scores, labels, 3), 100 * np.array(theirs), rtol=1e-6)
    loss = float(classification.multilabel_ranking_loss(from_numpy(scores), truth, num_labels=labels.shape[1]))
    assert np.nanmean(image_ranking_loss(scores, labels)) == pytest.approx(100 * loss, rel=1e-5)
    tied = scores.round(1)
    depth = float(classification.multilabel_coverage_error(from_numpy(tied), truth, num_labels=labels.shape[1]))
    assert np.nanmean(coverage_error(tied, labels)) == pytest.approx(depth)
