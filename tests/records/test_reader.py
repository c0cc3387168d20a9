"""A reader of a store offers no way to write, whatever its cells come from."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.store_factory import Grid, make_store

from bench.records import damage
from bench.records.reader import StoreReader
from bench.records.sealed import sealed
from bench.records.store import Store
from bench.report import read_results
from bench.report.stores import Stores
from bench.system.files import write_json
from bench.tracking.mirror import Mirrored

WRITING = ("claim", "finish", "fail", "clear_error", "save_targets", "save_sweep")
GRID = Grid(methods=("asl",), percents=(10,), epochs=2)


@pytest.fixture
def store(tmp_path) -> Store:
    return make_store(tmp_path / "results", GRID)[0]


@pytest.fixture(params=["joined", "mirrored"])
def reader(request, store, tmp_path) -> StoreReader:
    return Stores([store]) if request.param == "joined" else Mirrored(store, tmp_path / "elsewhere")


def test_readers_have_no_method_that_writes(reader):
    assert not [name for name in WRITING if hasattr(reader, name)]
    assert all(hasattr(Store, name) for name in WRITING)


def test_a_row_is_read_once_until_its_file_changes(store, monkeypatch):
    [key] = store.keys()
    reads, read_json = [], damage.read_json
    monkeypatch.setattr(damage, "read_json", lambda path: reads.append(path.name) or read_json(path))
    write_json(store.file(key, "row.json"), sealed(replace(store.row(key), epochs=7).to_json()))
    for _ in range(2):
        assert (store.state(key), store.row(key).epochs, bool(store.curve(key))) == ("done", 7, True)
    assert reads.count("row.json") == 2  # and once as it was before


def test_a_reader_tells_what_the_store_tells(reader, store):
    [key] = store.keys()
    assert reader.keys() == [key]
    assert reader.state(key) == "done"
    assert reader.row(key) == store.row(key)
    assert reader.curve(key) == store.curve(key)
    assert reader.scores(key).tobytes() == store.scores(key).tobytes()
    assert reader.sweeps() == store.sweeps()
    fingerprint = store.cell(key).dataset.fingerprint
    assert reader.targets_file(fingerprint) == store.targets_file(fingerprint)
    assert reader.targets(fingerprint).ids == store.targets(fingerprint).ids
    assert read_results(reader).rows.keys() == read_results(store).rows.keys()


def test_reading_changes_no_file(reader, store):
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
    read_results(reader)
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*")} == before


def test_a_reader_must_say_where_things_lie():
    class Nowhere(StoreReader):
        root = Path()

    with pytest.raises(TypeError, match="abstract"):
        Nowhere()
