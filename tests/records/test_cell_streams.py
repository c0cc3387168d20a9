"""Streams of randomness in a cell's key: listed only where they differ from the seed."""

from dataclasses import replace

import pytest
from helpers.elsewhere import CELL
from hypothesis import given
from hypothesis import strategies as st

from bench.records.cells import CELL_STREAMS, Cell

pytestmark = pytest.mark.slow


def test_streams_are_in_the_key_only_where_they_differ_from_the_seed():
    """So that cells without them keep the keys they had before there were streams."""
    plain = Cell(CELL.method, CELL.dataset, CELL.protocol, CELL.backbone, 10, 0, streams={"mask": 0, "order": 0})
    assert plain == CELL
    assert plain.key == "a4bdb76d7ac566a8"
    assert "streams" not in plain.to_json()
    moved = [replace(CELL, streams=streams) for streams in ({"mask": 1}, {"init": 1}, {"order": 1}, {"order": 2})]
    assert len({CELL.key, replace(CELL, seed=1).key, *(cell.key for cell in moved)}) == 6
    assert moved[1].title == "asl scenes partial 10% seed 0 init 1"
    assert (moved[1].stream("mask"), moved[1].stream("init")) == (0, 1)


@given(st.lists(st.integers(0, 2), min_size=3, max_size=3), st.integers(0, 2), st.integers(0, 2))
def test_one_training_has_one_key_however_its_seeds_were_written_down(seeds, one, other):
    wanted = dict(zip(CELL_STREAMS, seeds, strict=True))
    cells = [replace(CELL, seed=seed, streams=wanted) for seed in (one, other)]
    cells += [replace(CELL, seed=one, streams={n: s for n, s in wanted.items() if s != one})]
    assert len({cell.key for cell in cells}) == len(set(cells)) == 1
    for cell in cells:
        assert {name: cell.stream(name) for name in CELL_STREAMS} == wanted
        assert cell.seed == wanted["mask"]
    if len(set(seeds)) == 1:
        assert cells[0] == replace(CELL, seed=seeds[0])


def test_a_stream_that_there_is_not():
    with pytest.raises(ValueError, match="its streams are mask, init, order"):
        replace(CELL, streams={"search": 1})
    with pytest.raises(ValueError, match="its streams are mask, init, order"):
        CELL.stream("search")
