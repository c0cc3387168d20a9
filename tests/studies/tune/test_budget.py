"""The expected best of fewer trials, against all orders written out."""

import itertools
import statistics

import pytest

from bench.studies.tune.budget import expected_best


def over_all_orders(outcomes, k, first_fixed):
    """The mean over every order of the best number among the first k, where there is one."""
    fixed, others = (outcomes[:1], outcomes[1:]) if first_fixed else ([], outcomes)
    numbers = [[x for x in [*fixed, *order][:k] if x is not None] for order in itertools.permutations(others)]
    bests = [max(one) for one in numbers if one]
    return statistics.fmean(bests) if bests else None


FIELDS = {
    "first is best": [90.0, 10.0, 20.0, 80.0],
    "first is worst": [1.0, 40.0, 20.0, 30.0, 30.0],
    "equal": [5.0, 5.0, 5.0],
    "some lost": [50.0, None, 70.0, 20.0, None],
    "first lost": [None, 40.0, None, 60.0],
    "all lost": [None, None],
    "one": [7.0],
}


@pytest.mark.parametrize("first_fixed", [True, False])
@pytest.mark.parametrize("outcomes", FIELDS.values(), ids=FIELDS)
def test_it_is_the_mean_over_all_orders(outcomes, first_fixed):
    for k in range(1, len(outcomes) + 1):
        expected = over_all_orders(outcomes, k, first_fixed)
        assert expected_best(outcomes, k, first_fixed) == (expected and pytest.approx(expected)), k


def test_values_by_hand():
    assert expected_best([70.0, 80.0, 60.0, 90.0], 2) == pytest.approx((80 + 70 + 90) / 3)
    assert expected_best([70.0, 80.0, 60.0], 2, first_fixed=False) == pytest.approx((80 + 70 + 80) / 3)


def test_a_budget_that_was_not_spent_has_no_number():
    assert expected_best([70.0, 80.0], 3) is None
    assert expected_best([70.0], 0) is None


def test_many_trials_are_counted_exactly():
    outcomes = [0.0, *map(float, range(1, 1000))]
    assert expected_best(outcomes, 1000) == 999.0
    assert expected_best(outcomes, 2) == pytest.approx(500.0)
