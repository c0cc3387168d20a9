"""Search ranges as files state them."""

import pytest

from bench.errors import UsageError
from bench.settings.config import integer, log_float
from bench.settings.range_text import parse_range
from bench.settings.ranges import Choice


def test_ranges_from_a_file():
    assert parse_range("asl", "lr", {"low": "1e-4", "high": 1e-1, "log": True}, False) == log_float(1e-4, 1e-1)
    assert parse_range("asl", "epochs", {"low": 2, "high": 8}, True) == integer(2, 8)
    assert parse_range("asl", "head", ["linear", "mlp"], False) == Choice(("linear", "mlp"))


@pytest.mark.parametrize(
    "given",
    [3, "wide", {"low": 1}, {"low": 1, "high": 2, "step": 1}, {"low": 2, "high": 1}, ["a"], {"low": "x", "high": 1}],
)
def test_a_wrong_range_in_a_file_shows_the_form(given):
    with pytest.raises(UsageError, match=r"search space of asl\.lr is not allowed.*low: 1e-4") as caught:
        parse_range("asl", "lr", given, False)
    assert "\n" not in str(caught.value)
