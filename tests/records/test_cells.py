"""A cell's key: everything that decides a result is in it, and nothing else is."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers.elsewhere import CELL, facts
from hypothesis import given
from hypothesis import strategies as st

import bench.records.cells
from bench.records.cells import CELL_STREAMS, Cell, Component, canonical_json

pytestmark = pytest.mark.slow

json_values = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
options = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


def places(data: dict, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value in nested dicts."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from places(value, (*path, name))
        else:
            yield (*path, name)


def changed(data: dict, path: tuple) -> dict:
    """`data` with another value at `path`."""
    copy = json.loads(json.dumps(data))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    value = inner[path[-1]]
    inner[path[-1]] = value + "x" if isinstance(value, str) else 1 if value is None else value + 1
    return copy


@pytest.mark.parametrize("path", [p for p in places(CELL.to_json()) if p != ("schema",)], ids=".".join)
def test_the_key_changes_with_every_field(path):
    assert Cell.from_json(changed(CELL.to_json(), path)).key != CELL.key


def test_the_key_changes_with_the_schema(monkeypatch):
    before = CELL.key
    monkeypatch.setattr(bench.records.cells, "SCHEMA", bench.records.cells.SCHEMA + 1)
    assert CELL.key != before


def test_an_option_more_is_another_cell():
    more = Component("asl", options={**CELL.method.options, "pool": "mean"})
    assert Cell(more, CELL.dataset, CELL.protocol, CELL.backbone, 10, 0).key != CELL.key


@given(options)
def test_the_key_does_not_depend_on_the_order_of_options(values):
    backwards = dict(reversed(values.items()))
    one, other = (Component("m", options=o) for o in (values, backwards))
    assert one == other
    assert hash(one) == hash(other)
    cells = [Cell(c, CELL.dataset, CELL.protocol, CELL.backbone, 10, 0) for c in (one, other)]
    assert cells[0].key == cells[1].key


@given(
    options,
    st.one_of(st.none(), st.integers(1, 100)),
    st.integers(0, 9),
    st.integers(0, 90),
    st.dictionaries(st.sampled_from(CELL_STREAMS), st.integers(0, 9)),
)
def test_a_cell_survives_json(values, percent, seed, holdout, streams):
    axes = (Component("m", 2, values, "f"), CELL.dataset, CELL.protocol, CELL.backbone)
    cell = Cell(*axes, percent, seed, holdout, streams=streams)
    again = Cell.from_json(json.loads(json.dumps(cell.to_json())))
    assert again == cell
    assert again.key == cell.key


def test_the_key_is_pinned():
    """Changing it makes every stored cell of every user unknown: raise SCHEMA on purpose, never by accident."""
    assert CELL.key == "a4bdb76d7ac566a8"


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


def test_another_process_with_another_hash_seed_finds_the_same_key(elsewhere):
    assert elsewhere["key"] == facts()["key"]


def test_values_without_a_canonical_text_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"lr": float("nan")})


def test_the_title_is_for_people():
    assert CELL.title == "asl scenes partial 10% seed 0"
