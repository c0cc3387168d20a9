"""Paired differences of mAP by the bootstrap: against a naive loop, and by their properties."""

import numpy as np
import pytest
from helpers.drawn_scores import drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.stats import (
    bootstrap,
    difference,
    multiplicities,
    resampled_map,
)
from bench.stats.metrics import mean_average_precision


def naive_difference(one, other, labels, counts) -> np.ndarray:
    """Resample rows, one by one, and let the headline metric judge them."""
    values = []
    for count in counts:
        rows = np.repeat(np.arange(len(labels)), count)
        values.append(
            mean_average_precision(one[rows], labels[rows]) - mean_average_precision(other[rows], labels[rows])
        )
    return np.array(values)


def test_the_bootstrap_is_that_of_a_naive_loop():
    one, labels = drawn(1, images=40, ties=True, ignored=0.1)
    other, _ = drawn(2, images=40)
    bootstraps = bootstrap({"one": [one], "other": [other]}, labels, resamples=15, seed=7)
    gaps = naive_difference(one, other, labels, multiplicities(40, 15, seed=7))
    np.testing.assert_allclose(bootstraps.samples["one"] - bootstraps.samples["other"], gaps, atol=1e-10)
    told_of = bootstraps.difference("one", "other")
    assert told_of.estimate == pytest.approx(
        mean_average_precision(one, labels) - mean_average_precision(other, labels)
    )
    assert (told_of.low, told_of.high) == pytest.approx(np.quantile(gaps, [0.025, 0.975]))
    assert (told_of.images, told_of.resamples) == (40, 15)


def test_chunks_and_progress_change_nothing(monkeypatch):
    one, labels = drawn(1)
    calls: list[int] = []
    whole = bootstrap({"one": [one, one * 2]}, labels, resamples=50)
    monkeypatch.setattr("bench.stats.resampling.AT_ONCE", 16)
    parts = bootstrap({"one": [one, one * 2]}, labels, resamples=50, progress=calls.append)
    np.testing.assert_array_equal(whole.samples["one"], parts.samples["one"])
    assert calls == [16, 32, 48, 50, 66, 82, 98, 100]


def test_a_method_and_itself_do_not_differ():
    one, labels = drawn(1)
    difference = bootstrap({"one": [one], "copy": [one.copy()]}, labels, resamples=100).difference("one", "copy")
    assert (difference.estimate, difference.low, difference.high, difference.p) == (0, 0, 0, 1)
    assert difference.not_significant


def test_turning_a_difference_round_turns_its_sign():
    one, labels = drawn(1, signal=1.3)
    other, _ = drawn(2)
    bootstraps = bootstrap({"one": [one], "other": [other]}, labels, resamples=200)
    there, back = bootstraps.difference("one", "other"), bootstraps.difference("other", "one")
    assert (back.estimate, back.low, back.high) == pytest.approx((-there.estimate, -there.high, -there.low))
    assert back.p == there.p


@given(st.integers(0, 10**6))
@settings(max_examples=10)
def test_the_order_of_images_and_monotone_maps_change_nothing(seed):
    scores, labels = drawn(seed, ties=True, ignored=0.1)
    counts = multiplicities(len(labels), 20)
    expected = resampled_map(scores, labels, counts)[1]
    turned = np.random.default_rng(seed).permutation(len(labels))
    np.testing.assert_allclose(resampled_map(scores[turned], labels[turned], counts[:, turned])[1], expected)
    np.testing.assert_allclose(resampled_map(np.exp(scores.astype(float)), labels, counts)[1], expected)


def test_seeds_are_averaged_within_each_resample():
    first, labels = drawn(1)
    second, _ = drawn(2, signal=0.8)
    both = bootstrap({"both": [first, second], "first": [first], "second": [second]}, labels, resamples=50)
    mean = (both.samples["first"] + both.samples["second"]) / 2
    np.testing.assert_allclose(both.samples["both"], mean)
    assert both.estimates["both"] == pytest.approx((both.estimates["first"] + both.estimates["second"]) / 2)


def test_repeating_a_seed_makes_no_interval_narrower():
    """Image and seed uncertainty stay apart: copies of a run are no more images."""
    one, labels = drawn(1)
    other, _ = drawn(2)
    alone = bootstrap({"a": [one], "b": [other]}, labels, resamples=100).difference("a", "b")
    copied = bootstrap({"a": [one] * 4, "b": [other] * 4}, labels, resamples=100).difference("a", "b")
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_pairing_makes_the_interval_narrow_where_methods_err_on_the_same_images():
    one, labels = drawn(1, images=300)
    near = one + np.random.default_rng(5).normal(0, 0.1, one.shape).astype(np.float32)
    bootstraps = bootstrap({"one": [one], "near": [near]}, labels, resamples=200)
    paired = bootstraps.difference("one", "near")
    low, high = bootstraps.interval("one")
    assert paired.high - paired.low < 0.3 * (high - low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Differences on a population of 40,000 images, from samples of 300 of them; `twin` is as good as `other`."""
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((40_000, 2)) < 0.3, 1, -1).astype(np.int8)
    shared = rng.normal(size=labels.shape)
    population = {
        name: (shared + rng.normal(size=labels.shape) + signal * (labels == 1)).astype(np.float32)
        for name, signal in (("one", 1.6), ("other", 1.2), ("twin", 1.2))
    }
    truth = mean_average_precision(population["one"], labels) - mean_average_precision(population["other"], labels)
    inside, significant, credulous = 0, 0, 0
    for _ in range(100):
        rows = rng.integers(len(labels), size=300)
        bootstraps = bootstrap({name: [s[rows]] for name, s in population.items()}, labels[rows], resamples=200)
        ahead = bootstraps.difference("one", "other")
        inside += ahead.low <= truth <= ahead.high
        significant += not ahead.not_significant
        credulous += not bootstraps.difference("twin", "other").not_significant
    assert 88 <= inside <= 99
    assert significant >= 50
    assert credulous <= 12


@given(st.lists(st.floats(-3, 3), min_size=100, max_size=200))
@settings(max_examples=50)
def test_p_and_interval_tell_one_story(values):
    samples = np.array(values)
    result = difference(float(samples.mean()), samples, images=10)
    if not result.not_significant:
        assert result.low >= 0 or result.high <= 0
    if result.low > 0.01 or result.high < -0.01:
        assert result.p < 0.1
    assert 2 / (len(samples) + 1) <= result.p <= 1


def test_wrong_input_is_refused():
    scores, labels = drawn(0)
    with pytest.raises(ValueError, match="one shape"):
        bootstrap({"a": [scores[1:]]}, labels)
    with pytest.raises(ValueError, match="no scores"):
        bootstrap({"a": []}, labels)
    with pytest.raises(ValueError, match="no class has a positive"):
        bootstrap({"a": [scores]}, np.full_like(labels, -1))
    scores[2, 1] = np.nan
    with pytest.raises(ValueError, match="diverged"):
        bootstrap({"a": [scores]}, labels)
