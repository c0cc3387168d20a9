"""A cell's key: everything that decides a result is in it, and nothing else is."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers.elsewhere import CELL, facts
from hypothesis import given
from hypothesis import strategies as st

import bench.records.cells
from bench.records.cells import CELL_STREAMS, Cell
from bench.records.component import Component, canonical_json

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
    assert replace(CELL).key != before


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


def test_another_process_with_another_hash_seed_finds_the_same_key(elsewhere):
    assert elsewhere["key"] == facts()["key"]


def test_values_without_a_canonical_text_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"lr": float("nan")})


def test_the_title_is_for_people():
    assert CELL.title == "asl scenes partial 10% seed 0"
