"""Names of metrics: what is written is what is computed, and a wrong name is answered with all that are right."""

import re

import numpy as np
import pytest
from helpers.drawn_entries import drawn_entries

from bench.errors import UsageError
from bench.metrics import FURTHER_METRICS, parse_metrics
from bench.stats.class_metrics import area_under_roc, precision_at_recall
from bench.stats.image_metrics import coverage_error, image_ranking_loss, recall_among_first

EXPECTED = {
    "auroc": area_under_roc,
    "precision@recall0.35": lambda scores, labels: precision_at_recall(scores, labels, 0.35),
    "r@2": lambda scores, labels: recall_among_first(scores, labels, 2),
    "ranking_loss": image_ranking_loss,
    "coverage": coverage_error,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_name_computes_its_function_with_its_value(name):
    scores, labels = drawn_entries(0, ties=True, unknown=0.4)
    [metric] = parse_metrics(name)
    assert metric.written == name
    expected = EXPECTED[name](scores, labels)
    np.testing.assert_array_equal(metric.values(scores, labels), expected)
    assert len(expected) == {"classes": 9, "images": 40}[metric.over]


def test_every_metric_is_tried_here_and_says_what_it_is():
    assert {metric.name for metric in parse_metrics(EXPECTED)} == set(FURTHER_METRICS.names())
    for metric in parse_metrics(EXPECTED):
        assert metric.definition[0].islower()
        assert not re.search(r"\b[KR]\b", metric.definition), "the value stands in place of its letter"
        assert metric.heading.startswith(metric.label)


def test_names_that_mean_the_same_are_one_and_values_are_not_rounded():
    names = "precision@recall0.80, precision ,r@5, r,precision@recall1.0,precision@recall0.1234567,r@1234567"
    assert [metric.written for metric in parse_metrics(names)] == [
        "precision@recall0.8", "r@5", "precision@recall1", "precision@recall0.1234567", "r@1234567",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["mAP", "AUROC", "auroc@2", "r@", "r@0", "r@2.5", "r@recall0.5", "precision@0.8", "precision@recall1.2"]
)
def test_a_wrong_name_is_one_sentence_with_all_that_are_right(name):
    with pytest.raises(UsageError) as error:
        parse_metrics(["auroc", name])
    assert str(error.value).startswith(f"There is no metric {name!r}; allowed: ")
    for form in ("auroc", "coverage", "precision@recallR (", "r@K (", "ranking_loss"):
        assert form in str(error.value)


def test_a_measurement_is_the_mean_over_what_can_be_judged_and_counts_it():
    labels = np.array([[1, 1, 0], [-1, 0, -1], [-1, -1, -1]], np.int8)
    scores = np.array([[3, 1, 1], [2, 2, 2], [4, 3, 3]], np.float32)
    auroc, coverage = (metric.measure(scores, labels) for metric in parse_metrics("auroc,coverage"))
    assert (auroc.value, auroc.judged, auroc.of) == (25, 2, 3)
    np.testing.assert_array_equal(auroc.classes, [50, 0, np.nan])
    assert (auroc.known, auroc.entries) == (7, 9)
    assert (coverage.judged, coverage.of, coverage.classes) == (0, 3, ())
    assert np.isnan(coverage.value), "no image has a known label of either kind"
