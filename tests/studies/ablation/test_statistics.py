"""Paired intervals against scipy, and a factorial's effects against a regression on -1 and +1."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.effects import all_effects, interaction, main_effect
from bench.stats.paired import by_ratio, gain, gain_over_ratios, pairs

numbers = st.floats(-100, 100, allow_nan=False)


@pytest.mark.filterwarnings("ignore:Precision loss occurred")  # scipy's, of equal differences
@given(st.lists(numbers, min_size=3, max_size=12))
def test_the_interval_is_that_of_a_paired_t_test(differences: list[float]) -> None:
    reference = np.linspace(40, 60, len(differences))
    interval = gain(differences)
    test = scipy.stats.ttest_rel(reference + differences, reference)
    low, high = test.confidence_interval(0.95)
    assert interval.mean == pytest.approx(np.mean(differences), abs=1e-9)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-6)
    if test.pvalue == test.pvalue and abs(test.pvalue - 0.05) > 1e-4:
        assert interval.not_significant == (test.pvalue > 0.05)


def test_two_pairs_have_a_range_and_one_has_nothing() -> None:
    two, one, none = gain([1.0, 4.0]), gain([2.0]), gain([])
    assert (two.mean, two.low, two.high) == (2.5, 1.0, 4.0)
    assert not two.tested
    assert not gain([-1.0, 1.0]).not_significant, "a range proves nothing, not even that a gain is unsure"
    assert one.mean == 2.0
    assert math.isnan(one.low)
    assert math.isnan(none.mean)


def frame(lines: dict[str, dict[tuple[int, int], float]], keys: dict | None = None) -> pd.DataFrame:
    records = [
        {"method": name, "percent": percent, "seed": seed, "mAP": value,
         "key": (keys or {}).get((name, percent, seed), f"{name} {percent} {seed}")}
        for name, places in lines.items()
        for (percent, seed), value in places.items()
    ]  # fmt: skip
    return pd.DataFrame(records).astype({"percent": "Int64"})


def test_only_cells_of_one_ratio_and_seed_are_compared() -> None:
    """What one line lacks is no pair; a difference between seeds that both lines share does not blur the gain."""
    levels = {(10, 0): 60.0, (10, 1): 70.0, (10, 2): 80.0, (50, 0): 65.0}
    ahead = {(10, 0): 61.0, (10, 1): 71.1, (10, 2): 80.9, (50, 7): 99.0}
    paired = pairs(frame({"a": ahead, "b": levels}), "a", "b")
    assert [(pair.percent, pair.seed) for pair in paired] == [(10, 0), (10, 1), (10, 2)]
    at = by_ratio(paired)[10]
    assert at.n == 3
    assert at.mean == pytest.approx(1.0)
    assert at.high - at.low < 1.0, "the seeds' own levels lie 20 points apart"


def test_cells_of_unlike_masks_are_no_pair_whatever_their_seeds() -> None:
    """As in a variance study, where one line's mask follows the seed and the other's stays at the first."""
    lines = frame({name: {(10, seed): level + seed for seed in range(3)} for name, level in (("a", 61.0), ("b", 60.0))})
    masks = [f"{name}{seed}" if seed else "first" for name in "ab" for seed in range(3)]
    result = lines.assign(role="observed", mask_sha256=masks, order_seed=0)
    assert [pair.seed for pair in pairs(result, "a", "b")] == [0]
    ordered = result.assign(mask_sha256="same", order_seed=[0, 0, 0, 0, 1, 2])
    assert [pair.seed for pair in pairs(ordered, "a", "b")] == [0], "nor are cells that learned in another order"
    result.loc[result["method"] == "a", "role"] = "ceiling"
    assert [pair.seed for pair in pairs(result, "a", "b")] == [0, 1, 2], "one that learns from all labels has no mask"


def test_a_cell_that_stands_for_several_seeds_is_one_pair() -> None:
    keys = {(name, 10, seed): name for name in "ab" for seed in range(3)}
    lines = {name: {(10, seed): level for seed in range(3)} for name, level in (("a", 61.0), ("b", 60.0))}
    assert by_ratio(pairs(frame(lines, keys), "a", "b"))[10].n == 1


def test_the_average_takes_seeds_that_have_every_ratio() -> None:
    lines = {
        "a": {(p, s): 60.0 + p / 10 + s for p in (10, 50) for s in range(3)} | {(10, 3): 0.0},
        "b": {(p, s): 60.0 for p in (10, 50) for s in range(4)},
    }
    paired = gain_over_ratios(pairs(frame(lines), "a", "b"), (10, 50))
    assert paired.n == 3
    assert paired.mean == pytest.approx(3.0 + 1.0)
    assert (paired.low, paired.high) == pytest.approx(gain([3.0, 4.0, 5.0])[1:3])


PARTS = ("a", "b", "c")


def full(values: dict[frozenset[str], float]) -> np.ndarray:
    """Effects by a regression with effects coding: twice the coefficients."""
    rows, targets = [], []
    for on, value in values.items():
        signs = [1 if part in on else -1 for part in PARTS]
        rows.append([1, *signs, *(x * y for x, y in itertools.combinations(signs, 2))])
        targets.append(value)
    return 2 * np.linalg.lstsq(np.array(rows, float), np.array(targets), rcond=None)[0][1:]


@given(st.lists(numbers, min_size=8, max_size=8))
def test_effects_of_a_full_factorial_are_those_of_effects_coding(levels: list[float]) -> None:
    combinations = [frozenset(on) for n in range(4) for on in itertools.combinations(PARTS, n)]
    values = dict(zip(combinations, levels, strict=True))
    effects = all_effects(values, PARTS)
    assert list(effects) == [("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c")]
    assert list(effects.values()) == pytest.approx(full(values), abs=1e-6)


@given(st.tuples(numbers, numbers, numbers), numbers, st.sets(st.integers(0, 7), max_size=3))
def test_additive_parts_are_recovered_even_with_gaps(worth: tuple, base: float, missing: set[int]) -> None:
    combinations = [frozenset(on) for n in range(4) for on in itertools.combinations(PARTS, n)]
    by_part = dict(zip(PARTS, worth, strict=True))
    values = {
        on: base + sum(by_part[part] for part in on) for i, on in enumerate(combinations) if i not in missing
    }  # fmt: skip
    for parts, effect in all_effects(values, PARTS).items():
        assert effect == pytest.approx(by_part[parts[0]] if len(parts) == 1 else 0.0, abs=1e-9)


def test_an_interaction_is_found_with_its_sign() -> None:
    """Two parts that bring 1 each, and 4 together."""
    values = {frozenset(): 60.0, frozenset("a"): 61.0, frozenset("b"): 61.0, frozenset("ab"): 64.0}
    assert main_effect(values, "a") == 2.0
    assert interaction(values, "a", "b") == 1.0


def test_a_part_that_needs_another_is_judged_where_it_can_be() -> None:
    values = {frozenset(): 60.0, frozenset("a"): 63.0, frozenset("ab"): 64.0}
    assert main_effect(values, "b") == 1.0
    assert main_effect(values, "a") == 3.0
    assert interaction(values, "a", "b") is None
    assert ("a", "b") not in all_effects(values, ("a", "b"))
