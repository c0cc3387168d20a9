"""Orders of known entries: counted as a naive loop counts them, in parts as in one, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from helpers.drawn_entries import drawn_entries

from bench.stats import ordering
from bench.stats.class_metrics import area_under_roc, precision_at_recall
from bench.stats.image_metrics import coverage_error, image_ranking_loss, recall_among_first
from bench.stats.ordering import orderings

METRICS = {
    "auroc": area_under_roc,
    "precision": lambda s, y: precision_at_recall(s, y, 0.8),
    "r": lambda s, y: recall_among_first(s, y, 3),
    "loss": image_ranking_loss,
    "coverage": coverage_error,
}
every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


def test_counts_are_those_of_a_loop_over_pairs():
    scores, labels = drawn_entries(0, ties=True, unknown=0.4)
    [rows] = orderings(scores, labels)
    for place, (s, y) in enumerate(zip(scores, labels, strict=True)):
        positives = np.sort(s[y == 1])[::-1]
        at = rows.positive[place]
        negatives = s[y == -1]
        assert rows.above(rows.negatives_so_far)[place, at].tolist() == [(negatives > p).sum() for p in positives]
        assert rows.not_below(rows.negatives_so_far)[place, at].tolist() == [(negatives >= p).sum() for p in positives]
        assert rows.not_below(rows.positives_so_far)[place, at].tolist() == [(s[y == 1] >= p).sum() for p in positives]


@every_metric
def test_parts_of_rows_give_what_all_rows_at_once_give(metric, monkeypatch):
    scores, labels = drawn_entries(1, ties=True, unknown=0.3)
    whole = metric(scores, labels)
    monkeypatch.setattr(ordering, "PART_ENTRIES", 100)
    np.testing.assert_array_equal(metric(scores, labels), whole)


@every_metric
def test_an_unknown_entry_has_no_say_whatever_its_score(metric):
    """Also not by taking a place: with its class, or its image, absent everywhere else, nothing changes."""
    scores, labels = drawn_entries(2, ties=True, unknown=0.4)
    other = np.where(labels == 0, 1000 - scores, scores)
    np.testing.assert_array_equal(metric(other, labels), metric(scores, labels))
    assert np.isfinite(metric(scores, labels)).sum() > 5


@every_metric
def test_memory_is_that_of_a_part(metric, monkeypatch):
    """Sixteen parts, one after another."""
    monkeypatch.setattr(ordering, "PART_ENTRIES", 2**15)
    labels = np.random.default_rng(0).integers(-1, 2, (2**13, 2**6), dtype=np.int8)
    scores = labels + np.float32(0.5)
    tracemalloc.start()
    metric(scores, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 2**15 < 10 * labels.size


@every_metric
def test_scores_that_cannot_be_ordered_are_refused(metric):
    scores, labels = drawn_entries(3)
    with pytest.raises(ValueError, match="one shape"):
        metric(scores[1:], labels)
    scores[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        metric(scores, labels)
