"""The record of a sweep: what is written is read back, older records too."""

import json
from dataclasses import replace

import pytest
from helpers.sweep_records import KEY, RECORD

from bench.errors import DataError
from bench.records.store import Store
from bench.records.sweep_file import sweep_of
from bench.records.sweeps import SWEEP_SCHEMA, Place

OLD = {
    "id": "b" * 12,
    "created": "2025-01-02T03:04:05+00:00",
    "command": ["bench", "run", "--methods", "asl"],
    "dataset": "scenes",
    "protocol": "partial",
    "backbone": "tiny_clip",
    "methods": ["asl"],
    "notes": {"asl": {"reference": "a paper", "note": "a note"}},
    "entries": [{"method": "asl", "percent": 50, "seed": 0, "key": KEY, "skipped": ""}],
    "asked": "2025-03-02T03:04:05+00:00",
}
"""As it was written before records had a schema."""


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results")


def test_what_is_written_is_read_back():
    assert sweep_of(json.loads(json.dumps(RECORD.to_json())), "here") == RECORD


def test_a_record_without_schema_is_read_and_kept_in_todays_form(store):
    path = store.root / "sweeps" / f"{OLD['id']}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(OLD))
    [record] = store.sweeps()
    assert record.places == (Place("asl", 50, 0, KEY),)
    assert (record.created, record.requested) == (OLD["created"], OLD["asked"])
    assert (record.feed, record.study, record.schema) == ("", {}, SWEEP_SCHEMA)
    store.save_sweep(record)
    kept = json.loads(path.read_text())
    assert kept["schema"] == SWEEP_SCHEMA
    assert not kept.keys() & {"entries", "asked"}


def test_the_keys_are_those_of_filled_places_each_once():
    assert RECORD.keys == (KEY,)
    assert [place.percent for place, _ in RECORD.filled()] == [10, None]
    assert list(RECORD.filled("dualcoop")) == []


def test_the_time_of_the_last_request_is_no_content():
    assert replace(RECORD, requested="2027-01-01").content() == RECORD.content()
    assert replace(RECORD, created="2027-01-01").content() != RECORD.content()


def test_text_from_a_record_cannot_steer_a_terminal():
    data = {**RECORD.to_json(), "command": ["a\x1b[31mb"]}
    assert sweep_of(data, "here").command == ("a\N{REPLACEMENT CHARACTER}[31mb",)


def test_sweeps_are_kept_once_each_and_the_last_asked_for_comes_last(store):
    for name, day in (("b", 1), ("a", 2)):
        store.save_sweep(replace(RECORD, id=name * 12, created=f"2024-01-0{day}"))
    assert [record.id for record in store.sweeps()] == ["b" * 12, "a" * 12]
    store.save_sweep(replace(RECORD, id="b" * 12, created="2024-01-03"))
    assert [record.id for record in store.sweeps()] == ["a" * 12, "b" * 12]
    assert store.sweeps()[-1].created == "2024-01-01"
    with pytest.raises(DataError, match="is not a sweep's id"):
        store.save_sweep(replace(RECORD, id="../victim"))
