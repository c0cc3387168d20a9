"""Metrics against independent references: scikit-learn and naive loops."""

import numpy as np
import pytest
from helpers.drawn_scores import drawn_with_positives
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from bench.stats.metrics import (
    average_precision,
    average_precision_envelope,
    average_precision_ranked,
    f1_scores,
    mean_average_precision,
    summary,
)


def naive_ranked(scores: np.ndarray, positive: np.ndarray) -> float:
    """As the ASL authors' loop: precision at every positive, walking down the ranking."""
    hits, total = 0, 0.0
    for place, index in enumerate(sorted(range(len(scores)), key=lambda i: -scores[i]), start=1):
        if positive[index]:
            hits += 1
            total += hits / place
    return total / hits


def naive_envelope(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the precision that is made monotone first, as the PASCAL VOC 2010 kit writes it."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    recall = [0.0, *(hits / positive.sum()), 1.0]
    precision = [0.0, *(hits / np.arange(1, len(scores) + 1)), 0.0]
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    return sum((recall[i] - recall[i - 1]) * precision[i] for i in range(1, len(recall)))


seeds = pytest.mark.parametrize("seed", range(5))


@seeds
@pytest.mark.parametrize("ties", [False, True])
def test_the_headline_is_scikit_learns_also_on_ties(seed, ties):
    scores, labels = drawn_with_positives(seed, ties=ties)
    reference = [100 * average_precision_score(y == 1, s) for s, y in zip(scores.T, labels.T, strict=True)]
    assert average_precision(scores, labels) == pytest.approx(reference)
    assert mean_average_precision(scores, labels) == pytest.approx(np.mean(reference))


@seeds
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(
    ("ours", "naive"), [(average_precision_ranked, naive_ranked), (average_precision_envelope, naive_envelope)]
)
def test_the_papers_definitions_equal_their_naive_loops(seed, ties, ours, naive):
    scores, labels = drawn_with_positives(seed, ties=ties)
    reference = [100 * naive(s, y == 1) for s, y in zip(scores.T, labels.T, strict=True)]
    assert ours(scores, labels) == pytest.approx(reference)


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_how_the_three_definitions_stand_to_each_other(seed):
    """Without ties the first two agree; the envelope is never below them; a monotone map changes nothing."""
    scores, labels = drawn_with_positives(seed, images=20, classes=3)
    ap, ranked = average_precision(scores, labels), average_precision_ranked(scores, labels)
    assert ap == pytest.approx(ranked)
    assert (average_precision_envelope(scores, labels) >= ranked - 1e-9).all()
    assert average_precision(np.exp(scores.astype(float)), labels) == pytest.approx(ap)
    assert ((ap > 0) & (ap <= 100 + 1e-9)).all()


def test_a_perfect_and_the_worst_ranking():
    labels = np.where(np.arange(10) < 3, 1, -1).astype(np.int8)[:, None]
    falling = -np.arange(10, dtype=np.float32)[:, None]
    assert average_precision(falling, labels) == pytest.approx([100])
    assert average_precision(-falling, labels) == pytest.approx([100 * np.mean([1 / 8, 2 / 9, 3 / 10])])


def test_a_class_without_positives_is_nan_left_out_and_counted():
    scores, labels = drawn_with_positives(0, classes=6)
    labels[:, 2] = -1
    ap = average_precision(scores, labels)
    assert np.flatnonzero(np.isnan(ap)).tolist() == [2]
    rest = np.delete(ap, 2)
    metrics = summary(scores, labels)
    assert metrics["classes_without_positives"] == 1
    assert metrics["mAP"] == pytest.approx(rest.mean())
    assert metrics["mAP_asl"] == pytest.approx(rest.sum() / 6), "its authors average the empty class in as 0"
    assert metrics["mAP_voc"] == pytest.approx(np.delete(average_precision_envelope(scores, labels), 2).mean())
    assert metrics["known_entries"] == (labels != 0).sum()


@pytest.mark.parametrize("half", [np.float16, "bfloat16"])
def test_half_precision_probabilities_rank_differently_from_float32_logits(half):
    """The reason why scores are kept as float32 logits: this costs AP without a word."""
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((2000, 1)) < 0.1, 1, -1).astype(np.int8)
    logits = (rng.normal(size=labels.shape) + 4 * (labels == 1) + 3).astype(np.float32)
    probabilities = 1 / (1 + np.exp(-logits))
    if half == "bfloat16":
        import torch

        rounded = torch.from_numpy(probabilities).bfloat16().float().numpy()
    else:
        rounded = probabilities.astype(half).astype(np.float32)
    assert len(np.unique(rounded)) < len(np.unique(logits))
    assert abs(average_precision(rounded, labels) - average_precision(logits, labels))[0] > 0.1


@seeds
def test_f1_equals_scikit_learns(seed):
    scores, labels = drawn_with_positives(seed)
    labels[:, 3] = -1
    scores[:, 4] = -1
    predicted, truth = scores > 0.5, labels == 1
    metrics = f1_scores(predicted, labels)
    assert metrics["CF1"] == pytest.approx(100 * f1_score(truth, predicted, average="macro", zero_division=0))
    assert metrics["OF1"] == pytest.approx(100 * f1_score(truth, predicted, average="micro"))


def test_nothing_predicted_is_zero_and_no_warning(recwarn):
    _, labels = drawn_with_positives(0)
    assert set(f1_scores(np.zeros(labels.shape, bool), labels).values()) == {0.0}
    assert not recwarn.list


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_diverged_run_is_no_result(bad):
    scores, labels = drawn_with_positives(0)
    scores[3, 1] = bad
    with pytest.raises(ValueError, match="NaN or infinite"):
        summary(scores, labels)


def test_scores_of_other_images_are_refused():
    scores, labels = drawn_with_positives(0)
    with pytest.raises(ValueError, match="differ in shape"):
        average_precision(scores[1:], labels)


@pytest.mark.parametrize("seed", range(5))
def test_entries_of_label_zero_are_left_out_of_every_average_precision(seed):
    """As if the image were not there for that class; F1 does not count them as claimed."""
    scores, labels = drawn_with_positives(seed)
    ignored = np.random.default_rng(seed + 100).random(labels.shape) < 0.2
    ignored[labels == 1] = False
    judged = np.where(ignored, 0, labels)
    for ours in (average_precision, average_precision_ranked, average_precision_envelope):
        alone = [ours(s[~i, None], y[~i, None])[0] for s, y, i in zip(scores.T, labels.T, ignored.T, strict=True)]
        np.testing.assert_allclose(ours(scores, judged), alone)
        assert (ours(scores, judged) > ours(scores, labels) - 1e-9).all()
    assert f1_scores(scores > 0, judged) == f1_scores((scores > 0) & ~ignored, labels)
    assert summary(scores, judged) != summary(scores, labels)
