"""What every protocol must keep: never a value that is not the label's, the same for all, the same for ever."""

import numpy as np
import pytest
from elsewhere import facts, full_labels
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols import PROTOCOLS, mask_facts

labels = arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 8)), elements=st.sampled_from([-1, 1]))
percents, seeds = st.integers(1, 100), st.integers(0, 50)
everyone = pytest.mark.parametrize("name", PROTOCOLS.names())


def observe(name: str, full: np.ndarray, percent: int, seed: int) -> np.ndarray:
    protocol = PROTOCOLS.get(name)()
    return protocol.observe(full, percent if protocol.has_percent else None, seed)


@everyone
@given(full=labels, percent=percents, seed=seeds)
def test_what_is_known_is_the_label_itself(name, full, percent, seed):
    observed = observe(name, full, percent, seed)
    assert observed.shape == full.shape
    assert observed.dtype == np.int8
    assert np.isin(observed[observed != full], 0).all()


@everyone
@given(full=labels, percent=percents, seed=seeds)
def test_the_full_labels_are_left_alone_and_not_shared(name, full, percent, seed):
    before = full.copy()
    full.flags.writeable = False
    observed = observe(name, full, percent, seed)
    assert observed.flags.writeable
    observed[:] = 0
    assert np.array_equal(full, before)


@everyone
@given(full=labels, percent=percents, seed=seeds)
def test_asking_again_gives_the_same_whatever_was_drawn_in_between(name, full, percent, seed):
    first = observe(name, full, percent, seed)
    np.random.seed(percent)
    np.random.random(7)
    assert np.array_equal(observe(name, full, percent, seed), first)


@everyone
@given(full=labels, low=percents, high=percents, seed=seeds)
def test_a_protocol_that_says_so_is_nested(name, full, low, high, seed):
    if not PROTOCOLS.get(name).nested:
        return
    few, many = (observe(name, full, p, seed) for p in sorted((low, high)))
    assert np.array_equal(many[few != 0], few[few != 0])


@pytest.mark.parametrize("name", [n for n in PROTOCOLS.names() if n != "full"])
def test_another_seed_hides_other_labels(name):
    one, other = (observe(name, full_labels(), 50, seed) for seed in (0, 1))
    assert not np.array_equal(one, other)


@settings(max_examples=15)
@given(percent=percents, seed=seeds)
def test_partial_keeps_its_share_of_positives_and_of_negatives(percent, seed):
    """Within five standard deviations of a binomial, in each sign and in each class."""
    full = full_labels()
    known = observe("partial", full, percent, seed) != 0
    p = percent / 100
    for group in (full == 1, full == -1, np.ones_like(full, bool)):
        spread = 5 * np.sqrt(p * (1 - p) / group.sum()) + 1e-9
        assert abs(known[group].mean() - p) <= spread
    spread = 5 * np.sqrt(p * (1 - p) / len(full)) + 1e-9
    assert (abs(known.mean(axis=0) - p) <= spread).all()


@given(full=labels, seed=seeds)
def test_partial_does_not_look_at_the_labels(full, seed):
    """Which entries are known says nothing about what is there."""
    assert np.array_equal(observe("partial", full, 50, seed) != 0, observe("partial", -full, 50, seed) != 0)


def test_partial_at_one_hundred_percent_hides_nothing():
    assert np.array_equal(observe("partial", full_labels(), 100, 3), full_labels())


def test_partial_without_a_percent_is_refused():
    with pytest.raises(ValueError, match="needs a percent"):
        PROTOCOLS.get("partial")().observe(full_labels(), None, 0)


@given(full=labels, seed=seeds)
def test_single_positive_knows_one_positive_where_there_is_one_and_nothing_else(full, seed):
    observed = observe("single_positive", full, 0, seed)
    assert np.array_equal((observed == 1).sum(axis=1), (full == 1).any(axis=1))
    assert not (observed == -1).any()


def test_single_positive_draws_each_positive_equally_often():
    full = np.full((8000, 5), -1, np.int8)
    full[:, 1:4] = 1
    counts = (observe("single_positive", full, 0, 0) == 1).sum(axis=0)
    assert counts[[0, 4]].tolist() == [0, 0]
    assert (abs(counts[1:4] / 8000 - 1 / 3) < 5 * np.sqrt(2 / 9 / 8000)).all()


def test_full_hides_nothing():
    assert np.array_equal(observe("full", full_labels(), 10, 0), full_labels())


def test_masks_are_pinned():
    """These are the masks of every published number: changing one needs a new protocol version."""
    assert facts()["masks"] == {
        "partial 10 0": "19bc3a21e56ec7f3",
        "partial 10 1": "731f637d3f6d0346",
        "partial 90 0": "e6c894d7774127a0",
        "partial 90 1": "fa4b7c7890f5ba9e",
        "single_positive None 0": "0fd366b8cd7ce6cc",
        "single_positive None 1": "faac3bf46a1602ab",
        "full None 0": "1bbb1cc4789553cd",
        "full None 1": "1bbb1cc4789553cd",
    }


def test_another_process_with_another_hash_seed_draws_the_same(elsewhere):
    assert elsewhere["masks"] == facts()["masks"]


def test_mask_facts_count_what_a_naive_loop_counts():
    full = full_labels(40, 6)
    observed = observe("partial", full, 30, 0)
    observed[3] = 0
    observed[:, 2] = np.where(observed[:, 2] == 1, 0, observed[:, 2])
    known = {sign: [bool(o) for o, y in zip(observed.flat, full.flat, strict=True) if y == sign] for sign in (1, -1)}
    found = mask_facts(full, observed)
    assert found.known_positives == pytest.approx(sum(known[1]) / len(known[1]))
    assert found.known_negatives == pytest.approx(sum(known[-1]) / len(known[-1]))
    assert found.known == pytest.approx(np.count_nonzero(observed) / observed.size)
    assert found.images_without_labels == sum(not any(row) for row in observed)
    assert found.classes_without_positives == sum(1 not in column for column in observed.T)
    changed = observed.copy()
    changed[0, 0] += 1
    assert mask_facts(full, changed).sha256 != found.sha256
