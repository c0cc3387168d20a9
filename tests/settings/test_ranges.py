"""Ranges: what they hold, and how large they may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.settings.config import choice, integer, log_float, uniform
from bench.settings.range_text import parse_range
from bench.settings.ranges import Number


@given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3), st.floats(0, 1))
def test_a_tidy_float_has_three_digits_and_never_leaves_its_range(one, other, share):
    low, high = sorted((one, other))
    if low == high:
        return
    range_ = uniform(low, high)
    value = range_.tidy(low + share * (high - low))
    assert low <= value <= high
    assert value in (low, high) or float(f"{value:.3g}") == value


@pytest.mark.parametrize(
    ("range_", "inside", "outside"),
    [
        (log_float(1e-4, 1e-1), [1e-4, 0.05, 1e-1], [0, 0.2, "0.05", True]),
        (integer(1, 4), [1, 4, 2.0], [0, 5, 1.5, True]),
        (choice("a", 1, None), ["a", 1, None], ["b", 1.0, True, 2]),
    ],
)
def test_what_a_range_holds(range_, inside, outside):
    assert all(range_.holds(value) for value in inside)
    assert not any(range_.holds(value) for value in outside)


@pytest.mark.parametrize(
    "make",
    [
        lambda: uniform(1, 1),
        lambda: uniform(2, 1),
        lambda: log_float(0, 1),
        lambda: uniform(0, float("inf")),
        lambda: Number(0.5, 3, whole=True),
        lambda: choice("a"),
        lambda: choice("a", "a"),
        lambda: choice((1, 2), (3, 4)),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(make):
    with pytest.raises(ValueError, match=r"range|choice"):
        make()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"low": 1, "high": 10**400}, r"whole numbers go up to 9007199254740992, not to a whole number of 1329 bits"),
        ({"low": 1, "high": 2**53 + 1}, "whole numbers go up to 9007199254740992"),
        ({"low": "1", "high": "1e300"}, "whole numbers go up to 9007199254740992"),
        ({"low": -1e308, "high": 1e308}, "is too wide to be searched"),
        ({"low": 1, "high": "9" * 400}, "from a finite number to a larger one"),
        ({"low": "\uff11", "high": 3}, "'\uff11' is not a number"),
        ({"low": "1_0", "high": 30}, "'1_0' is not a number"),
        ([[1], [2]], "options of a choice are plain values"),
        (list(range(101)), "a choice has at most 100 options, not 101"),
    ],
)
def test_no_range_is_beyond_what_can_be_drawn(given, words):
    with pytest.raises(UsageError, match=words) as caught:
        parse_range("asl", "epochs", given, whole=True)
    assert len(str(caught.value)) < 400


def test_the_largest_range_can_be_drawn():
    assert parse_range("asl", "epochs", {"low": 1, "high": 2**53}, whole=True).ends == (1, 2**53)
    assert len(parse_range("asl", "epochs", list(range(100)), whole=True).ends) == 100
