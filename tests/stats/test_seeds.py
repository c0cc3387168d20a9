"""Intervals over seeds."""

import numpy as np
import pytest

from bench.stats import (
    seed_interval,
)


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
