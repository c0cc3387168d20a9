"""The held-out part: disjoint, complete, sized as asked, and the same for everybody."""

import numpy as np
from helpers.elsewhere import facts
from hypothesis import given
from hypothesis import strategies as st

from protocols.splits import held_out

sizes, seeds = st.integers(1, 300), st.integers(0, 20)


@given(sizes, st.integers(0, 90), seeds)
def test_both_parts_are_sorted_disjoint_and_together_everything(images, percent, seed):
    kept, out = held_out(images, percent, seed)
    assert np.array_equal(np.sort(np.concatenate([kept, out])), np.arange(images))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(out) > 0).all()
    assert abs(len(out) - images * percent / 100) <= 0.5


@given(sizes, seeds)
def test_zero_percent_holds_nothing_out(images, seed):
    kept, out = held_out(images, 0, seed)
    assert len(out) == 0
    assert np.array_equal(kept, np.arange(images))


@given(sizes, st.integers(0, 90), st.integers(0, 90), seeds)
def test_a_smaller_part_lies_within_a_larger_one(images, one, other, seed):
    small, large = (held_out(images, p, seed)[1] for p in sorted((one, other)))
    assert np.isin(small, large).all()


def test_seeds_hold_out_different_images():
    assert not np.array_equal(held_out(100, 20, 0)[1], held_out(100, 20, 1)[1])


def test_the_split_is_pinned_and_the_same_in_another_process(elsewhere):
    assert facts()["held out"] == elsewhere["held out"] == "4878fdbf55a59781"
