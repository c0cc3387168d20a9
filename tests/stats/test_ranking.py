"""Tests over datasets: Wilcoxon with Holm's correction and average ranks, against naive enumeration."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.stats import (
    Blocks,
    Measured,
    average_ranks,
    holm,
    independent,
    wilcoxon_holm,
)


def blocks_of(values) -> Blocks:
    array = np.array(values, float)
    return Blocks(tuple(f"d{i}" for i in range(len(array))), tuple("abcdef"[: array.shape[1]]), array)


def naive_signed_ranks(gaps: np.ndarray) -> float:
    """Two-sided p by enumerating all signs, for distinct non-zero gaps."""
    ranks = np.argsort(np.argsort(np.abs(gaps))) + 1
    positive_ranks = ranks[gaps > 0].sum()
    half = ranks.sum() / 2
    sums = [sum(r for r, on in zip(ranks, signs, strict=True) if on) for signs in product([0, 1], repeat=len(gaps))]
    return float(np.mean([abs(s - half) >= abs(positive_ranks - half) for s in sums]))


@pytest.mark.parametrize("seed", range(5))
def test_wilcoxon_is_the_enumeration_and_holm_is_applied(seed):
    values = np.random.default_rng(seed).normal(70, 2, (8, 3)) + np.array([1.5, 0, 0])
    comparisons = wilcoxon_holm(blocks_of(values))
    assert [(c.method, c.against) for c in comparisons] == [("a", "b"), ("a", "c"), ("b", "c")]
    expected = [naive_signed_ranks(values[:, i] - values[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert [c.p for c in comparisons] == pytest.approx(expected)
    assert [c.adjusted for c in comparisons] == pytest.approx(holm(expected))
    assert all(c.exact and c.blocks == 8 for c in comparisons)
    assert comparisons[0].median == pytest.approx(np.median(values[:, 0] - values[:, 1]))


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
    comparisons = wilcoxon_holm(blocks_of(values), baseline="b")
    assert [(c.method, c.against) for c in comparisons] == [("a", "b"), ("c", "b"), ("d", "b")]
    with pytest.raises(UsageError, match="none of the methods compared"):
        wilcoxon_holm(blocks_of(values), baseline="z")


def test_ties_and_equal_columns():
    values = np.tile([[70.0, 70.0, 69.0]], (7, 1))
    comparisons = {(c.method, c.against): c for c in wilcoxon_holm(blocks_of(values))}
    assert comparisons["a", "b"].p == 1
    assert comparisons["a", "c"].p == pytest.approx(2 / 2**7)
    assert comparisons["a", "c"].exact


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
    blocks = independent(cells, ("a", "b"))
    assert blocks.names == ("coco", "voc2007")
    np.testing.assert_allclose(blocks.values, [[73, 63], [80, 81]])
    with pytest.raises(UsageError, match="there are 2"):
        wilcoxon_holm(blocks)


def test_ranks_of_a_clear_order_and_of_twins():
    rng = np.random.default_rng(0)
    base = rng.normal(70, 5, (12, 1))
    values = base + np.array([4, 0, 0, -4]) + rng.normal(0, 0.3, (12, 4))
    ranks = average_ranks(blocks_of(values))
    assert next(iter(ranks.average)) == "a"
    assert list(ranks.average)[-1] == "d"
    assert ranks.average["a"] == 1
    assert sum(ranks.average.values()) == pytest.approx(10)
    assert ranks.friedman < 1e-4
    assert [set(clique) for clique in ranks.cliques] == [{"b", "c"}]
    with pytest.raises(UsageError, match="3 methods"):
        average_ranks(blocks_of(values[:, :2]))


def test_nobody_is_joined_where_all_differ_and_all_are_where_none_does():
    values = np.arange(12)[:, None] + np.array([[3.0, 2.0, 1.0]]) + np.random.default_rng(1).normal(0, 0.01, (12, 3))
    assert average_ranks(blocks_of(values)).cliques == ()
    noise = np.random.default_rng(2).normal(size=(12, 3))
    assert [set(c) for c in average_ranks(blocks_of(noise)).cliques] == [{"a", "b", "c"}]
