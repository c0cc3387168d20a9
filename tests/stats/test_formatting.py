"""Numbers of statistics in words."""

from helpers.drawn_scores import drawn

from bench.stats import (
    bootstrap,
    difference_text,
    p_text,
)


def test_words():
    one, labels = drawn(1, signal=2)
    other, _ = drawn(2, signal=0.2)
    sure = difference_text(bootstrap({"a": [one], "b": [other]}, labels, resamples=200).difference("a", "b"))
    assert "n.s." not in sure
    assert sure.startswith("+")
    assert (p_text(0.00049), p_text(0.05), p_text(1.0)) == ("p < 0.001", "p = 0.050", "p = 1.00")
