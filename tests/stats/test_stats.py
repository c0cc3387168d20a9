"""Intervals and tests: against scikit-learn on resampled rows, against naive enumeration, and by their properties."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from bench.errors import UsageError
from bench.stats import (
    Blocks,
    Measured,
    average_ranks,
    bootstrap,
    difference,
    holm,
    independent,
    multiplicities,
    p_text,
    rankings,
    resampled_map,
    seed_interval,
    told,
    weighted_average_precision,
    wilcoxon_holm,
    win_matrix,
)
from bench.stats.metrics import average_precision, mean_average_precision


def drawn(seed: int, images: int = 60, classes: int = 4, ties: bool = False, ignored: float = 0.0, signal: float = 1.0):
    """Scores float32 (N, C) and labels int8 (N, C); with `ties` scores take few values."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((images, classes)) < 0.3, 1, -1).astype(np.int8)
    labels[rng.random(labels.shape) < ignored] = 0
    scores = (rng.normal(size=labels.shape) + signal * labels).astype(np.float32)
    return (np.round(scores, 0) if ties else scores), labels


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
@settings(max_examples=30, deadline=None)
def test_weighted_ap_is_scikit_learns_on_the_resampled_rows(seed, ties, ignored, images):
    scores, labels = drawn(seed, images=images, ties=ties, ignored=ignored)
    rows = np.random.default_rng(seed).integers(images, size=(4, images))
    found = weighted_average_precision(rankings(scores, labels), weights(rows, images))
    expected = np.stack([reference(scores[r], labels[r]) for r in rows], axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)  # in percent: 1e-12 of AP


@pytest.mark.parametrize("ties", [False, True])
def test_weights_of_one_give_the_headline_metric(ties):
    scores, labels = drawn(3, ties=ties, ignored=0.2)
    found = weighted_average_precision(rankings(scores, labels), np.ones((len(labels), 1), np.float32))
    np.testing.assert_allclose(found[:, 0], average_precision(scores, labels), rtol=0, atol=1e-10)
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
    found = weighted_average_precision(rankings(scores, labels), np.ones((10, 3), np.float32))
    assert np.isnan(found[0]).all()
    assert not np.isnan(found[1]).any()


def test_draws_are_resamples_and_more_of_them_continue_fewer():
    few, many = multiplicities(50, 5, seed=1), multiplicities(50, 20, seed=1)
    assert (many.sum(axis=1) == 50).all()
    assert np.array_equal(few, many[:5])
    assert len(np.unique(many, axis=0)) == 20
    assert not np.array_equal(few, multiplicities(50, 5, seed=2))
    spread = multiplicities(200, 400).astype(float)
    assert spread.var() == pytest.approx(1 - 1 / 200, rel=0.05), "multinomial with equal chances"


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
    found = bootstrap({"one": [one], "other": [other]}, labels, resamples=15, seed=7)
    gaps = naive_difference(one, other, labels, multiplicities(40, 15, seed=7))
    np.testing.assert_allclose(found.samples["one"] - found.samples["other"], gaps, atol=1e-10)
    told_of = found.difference("one", "other")
    assert told_of.estimate == pytest.approx(
        mean_average_precision(one, labels) - mean_average_precision(other, labels)
    )
    assert (told_of.low, told_of.high) == pytest.approx(np.quantile(gaps, [0.025, 0.975]))
    assert (told_of.images, told_of.resamples) == (40, 15)


def test_chunks_and_progress_change_nothing(monkeypatch):
    one, labels = drawn(1)
    heard: list[int] = []
    whole = bootstrap({"one": [one, one * 2]}, labels, resamples=50)
    monkeypatch.setattr("bench.stats.resampling.AT_ONCE", 16)
    parts = bootstrap({"one": [one, one * 2]}, labels, resamples=50, progress=heard.append)
    np.testing.assert_array_equal(whole.samples["one"], parts.samples["one"])
    assert heard == [16, 32, 48, 50, 66, 82, 98, 100]


def test_a_method_and_itself_do_not_differ():
    one, labels = drawn(1)
    found = bootstrap({"one": [one], "copy": [one.copy()]}, labels, resamples=100).difference("one", "copy")
    assert (found.estimate, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert found.not_significant


def test_turning_a_difference_round_turns_its_sign():
    one, labels = drawn(1, signal=1.3)
    other, _ = drawn(2)
    found = bootstrap({"one": [one], "other": [other]}, labels, resamples=200)
    there, back = found.difference("one", "other"), found.difference("other", "one")
    assert (back.estimate, back.low, back.high) == pytest.approx((-there.estimate, -there.high, -there.low))
    assert back.p == there.p


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
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
    found = bootstrap({"one": [one], "near": [near]}, labels, resamples=200)
    paired = found.difference("one", "near")
    low, high = found.interval("one")
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
    inside, seen, credulous = 0, 0, 0
    for _ in range(100):
        rows = rng.integers(len(labels), size=300)
        found = bootstrap({name: [s[rows]] for name, s in population.items()}, labels[rows], resamples=200)
        ahead = found.difference("one", "other")
        inside += ahead.low <= truth <= ahead.high
        seen += not ahead.not_significant
        credulous += not found.difference("twin", "other").not_significant
    assert 88 <= inside <= 99
    assert seen >= 50
    assert credulous <= 12


@given(st.lists(st.floats(-3, 3), min_size=100, max_size=200))
@settings(max_examples=50)
def test_p_and_interval_tell_one_story(values):
    samples = np.array(values)
    found = difference(float(samples.mean()), samples, images=10)
    if not found.not_significant:
        assert found.low >= 0 or found.high <= 0
    if found.low > 0.01 or found.high < -0.01:
        assert found.p < 0.1
    assert 2 / (len(samples) + 1) <= found.p <= 1


def test_resamples_without_any_positive_do_not_count():
    samples = np.array([1.0, np.nan, 2.0, 3.0])
    assert difference(2.0, samples, 5).resamples == 3


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


def test_seed_intervals_say_what_they_are():
    three = seed_interval([70.0, 71.0, 72.0])
    assert three.kind == "t"
    assert three.high - three.mean == pytest.approx(4.302652729911275 / np.sqrt(3))  # t of 2 degrees of freedom
    assert seed_interval([71.0, 70.0])[:5] == (70.5, 70.0, 71.0, 2, "range")
    assert seed_interval([70.0]).kind == "none"
    assert "one seed" in str(seed_interval([70.0]))
    assert "range of 2 seeds" in str(seed_interval([70.0, 71.0]))
    assert "95 % interval of 3 seeds" in str(three)
    for bad in ([], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="needs numbers"):
            seed_interval(bad)


def blocks_of(values) -> Blocks:
    array = np.array(values, float)
    return Blocks(tuple(f"d{i}" for i in range(len(array))), tuple("abcdef"[: array.shape[1]]), array)


def naive_signed_ranks(gaps: np.ndarray) -> float:
    """Two-sided p by enumerating all signs, for distinct non-zero gaps."""
    ranks = np.argsort(np.argsort(np.abs(gaps))) + 1
    seen = ranks[gaps > 0].sum()
    half = ranks.sum() / 2
    sums = [sum(r for r, on in zip(ranks, signs, strict=True) if on) for signs in product([0, 1], repeat=len(gaps))]
    return float(np.mean([abs(s - half) >= abs(seen - half) for s in sums]))


@pytest.mark.parametrize("seed", range(5))
def test_wilcoxon_is_the_enumeration_and_holm_is_applied(seed):
    values = np.random.default_rng(seed).normal(70, 2, (8, 3)) + np.array([1.5, 0, 0])
    found = wilcoxon_holm(blocks_of(values))
    assert [(c.method, c.against) for c in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    expected = [naive_signed_ranks(values[:, i] - values[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert [c.p for c in found] == pytest.approx(expected)
    assert [c.adjusted for c in found] == pytest.approx(holm(expected))
    assert all(c.exact and c.blocks == 8 for c in found)
    assert found[0].median == pytest.approx(np.median(values[:, 0] - values[:, 1]))


def test_holm_against_worked_numbers_and_its_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_only_raises_and_keeps_the_order(ps):
    adjusted = holm(ps)
    assert all(p <= q <= 1 for p, q in zip(ps, adjusted, strict=True))
    order = np.argsort(ps, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()
    assert min(adjusted) == pytest.approx(min(1, len(ps) * min(ps)))


def test_only_the_baselines_comparisons_are_corrected_for():
    values = np.random.default_rng(0).normal(70, 2, (8, 4))
    found = wilcoxon_holm(blocks_of(values), baseline="b")
    assert [(c.method, c.against) for c in found] == [("a", "b"), ("c", "b"), ("d", "b")]
    with pytest.raises(UsageError, match="none of the methods compared"):
        wilcoxon_holm(blocks_of(values), baseline="z")


def test_ties_and_equal_columns():
    values = np.tile([[70.0, 70.0, 69.0]], (7, 1))
    found = {(c.method, c.against): c for c in wilcoxon_holm(blocks_of(values))}
    assert found["a", "b"].p == 1
    assert found["a", "c"].p == pytest.approx(2 / 2**7)
    assert found["a", "c"].exact


@pytest.mark.parametrize(("count", "test"), [(5, wilcoxon_holm), (9, average_ranks)])
def test_too_few_blocks_are_refused(count, test):
    with pytest.raises(UsageError, match=rf"there are {count}: ratios and seeds of one dataset share"):
        test(blocks_of(np.random.default_rng(0).normal(size=(count, 3))))


def test_all_cells_of_a_dataset_are_one_block():
    cells = [
        Measured("coco", (percent, seed), method, level + percent / 10)
        for percent in (10, 50)
        for seed in (0, 1)
        for method, level in (("a", 70.0), ("b", 60.0))
    ]
    cells += [Measured("voc2007", (10, 0), "a", 80.0), Measured("voc2007", (10, 0), "b", 81.0)]
    cells += [Measured("voc2007", (50, 0), "a", 99.0), Measured("vg200", (10, 0), "b", 40.0)]
    found = independent(cells, ("a", "b"))
    assert found.names == ("coco", "voc2007")
    np.testing.assert_allclose(found.values, [[73, 63], [80, 81]])
    with pytest.raises(UsageError, match="there are 2"):
        wilcoxon_holm(found)


def test_ranks_of_a_clear_order_and_of_twins():
    rng = np.random.default_rng(0)
    base = rng.normal(70, 5, (12, 1))
    values = base + np.array([4, 0, 0, -4]) + rng.normal(0, 0.3, (12, 4))
    found = average_ranks(blocks_of(values))
    assert next(iter(found.average)) == "a"
    assert list(found.average)[-1] == "d"
    assert found.average["a"] == 1
    assert sum(found.average.values()) == pytest.approx(10)
    assert found.friedman < 1e-4
    assert [set(clique) for clique in found.cliques] == [{"b", "c"}]
    with pytest.raises(UsageError, match="3 methods"):
        average_ranks(blocks_of(values[:, :2]))


def test_nobody_is_joined_where_all_differ_and_all_are_where_none_does():
    values = np.arange(12)[:, None] + np.array([[3.0, 2.0, 1.0]]) + np.random.default_rng(1).normal(0, 0.01, (12, 3))
    assert average_ranks(blocks_of(values)).cliques == ()
    noise = np.random.default_rng(2).normal(size=(12, 3))
    assert [set(c) for c in average_ranks(blocks_of(noise)).cliques] == [{"a", "b", "c"}]


def test_wins_are_counted_where_both_have_a_number():
    cells = [Measured("d", i, "a", value) for i, value in enumerate([70, 71, 72, 73])]
    cells += [Measured("d", i, "b", value) for i, value in enumerate([69, 71, 72.05])]
    assert win_matrix(cells, ("a", "b"))["a", "b"] == (1, 1, 1)
    assert win_matrix(cells, ("a", "b"), margin=0.1)["b", "a"] == (0, 2, 1)


def test_words():
    one, labels = drawn(1, signal=2)
    other, _ = drawn(2, signal=0.2)
    sure = told(bootstrap({"a": [one], "b": [other]}, labels, resamples=200).difference("a", "b"))
    assert "n.s." not in sure
    assert sure.startswith("+")
    assert (p_text(0.00049), p_text(0.05), p_text(1.0)) == ("p < 0.001", "p = 0.050", "p = 1.00")
