"""Random streams: independent of each other, of the process, and of everything that is not named."""

import numpy as np
import pytest
import torch
from helpers.elsewhere import facts
from hypothesis import given
from hypothesis import strategies as st

from bench.system.seeding import STREAMS, numpy_stream, stream_seed, torch_stream

axes = st.lists(st.one_of(st.integers(-(2**40), 2**40), st.text(max_size=8)), max_size=3)


@given(axes, axes, st.sampled_from(STREAMS), st.sampled_from(STREAMS))
def test_two_seeds_are_equal_only_if_stream_and_axes_are(a, b, one, other):
    assert (stream_seed(one, *a) == stream_seed(other, *b)) == ((one, a) == (other, b))


@given(st.sampled_from(STREAMS), axes)
def test_a_seed_fits_every_generator(stream, a):
    assert 0 <= stream_seed(stream, *a) < 2**63
    torch_stream(stream, *a)
    numpy_stream(stream, *a)


def test_one_and_the_text_one_are_different_axes():
    assert stream_seed("mask", 1) != stream_seed("mask", "1")
    assert stream_seed("mask", 1, 2) != stream_seed("mask", 12)


def test_an_unknown_stream_names_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown random stream 'msak'.*mask, heldout"):
        stream_seed("msak", 0)


def test_asking_twice_or_in_another_order_changes_nothing():
    first = numpy_stream("mask", 0).random(5)
    numpy_stream("order", 0).random(100)
    torch.manual_seed(1)
    np.random.seed(1)
    assert np.array_equal(numpy_stream("mask", 0).random(5), first)


def test_streams_leave_the_global_generators_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    torch.rand(3, generator=torch_stream("init", 3))
    numpy_stream("init", 3).random(3)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_pinned_values():
    """Changing any of these changes every mask and every order that was ever published."""
    assert stream_seed("mask", 0) == 4099474543632734857
    assert numpy_stream("order", 0, 3).permutation(8).tolist() == [2, 3, 0, 1, 4, 6, 5, 7]


def test_another_process_with_another_hash_seed_agrees(elsewhere):
    assert elsewhere["seeds"] == facts()["seeds"]
