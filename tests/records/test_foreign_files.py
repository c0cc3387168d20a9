"""Foreign and older files in a store: left out with a warning, or read as they are."""

import json
import shutil
from pathlib import Path

import pytest
from helpers.store_factory import Grid, finish, make_store, row, running, scores

from bench.errors import DataError
from bench.records.jobs import read_job
from bench.records.store import Store
from bench.records.warnings import warn_once
from bench.report import read_results
from bench.report.stamp import inputs_digest

pytestmark = pytest.mark.slow

GRID = Grid(methods=("asl", "dualcoop"), percents=(10, 50), epochs=3)


@pytest.fixture
def store(tmp_path) -> Store:
    store, _ = make_store(tmp_path / "results", GRID)
    for cell in GRID.cells():
        finish(store, cell, weights=cell.key.encode() * 20)
    return store


def test_another_cells_files_are_not_taken_for_its_own(store):
    first, second = store.keys()[:2]
    for name in ("row.json", "cell.json"):
        shutil.copy(store.folder(first) / name, store.folder(second) / name)
    assert store.state(second) == "failed"
    assert first in store.reason(second)
    with pytest.raises(DataError, match=f"cell.json is damaged .*describes cell {first}"):
        store.cell(second)


def test_a_claim_mends_the_cells_description_and_sweeps_what_a_kill_left(store):
    cell = GRID.cells()[0]
    folder = store.folder(cell.key)
    (folder / "cell.json").write_text("{}")
    left = folder / f".scores.npz.{'0' * 32}"
    left.write_bytes(b"half")
    (folder / ".hidden").write_text("a user's own")
    with store.claim(cell):
        assert store.cell(cell.key) == cell
        assert not left.exists()
        assert (folder / ".hidden").exists()


NEVER = '{"host": "a", "pid": 1e999, "process_started": 0}'


@pytest.mark.parametrize(
    "lease", ["", "[]", "{}", "7", NEVER, '{"host": 1, "pid": "x", "process_started": null}', "\x00"]
)
def test_a_lease_that_cannot_be_read_is_none(store, lease):
    cell = GRID.cells()[0]
    (store.folder(cell.key) / "lease.json").write_text(lease)
    assert store.lease(cell.key) is None
    assert store.state(cell.key) == "done"


def test_a_job_that_cannot_be_read_is_none(tmp_path):
    job = {"job": "1", "host": "a", "stdout": "out", "stderr": "err", "epochs": 2, "starts": 1}
    (tmp_path / "job.json").write_text(json.dumps(job))
    assert read_job(tmp_path / "job.json").epochs == 2
    (tmp_path / "job.json").write_text(json.dumps(job).replace('"epochs": 2', '"epochs": 1e999'))
    assert read_job(tmp_path / "job.json") is None


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_curve_with_numbers_that_are_none_makes_a_report(tmp_path, number):
    store, _ = make_store(tmp_path / "results", GRID)
    cell = GRID.cells()[0]
    with store.claim(cell) as folder:
        (folder / "curve.jsonl").write_text(f'{{"epoch": 1, "loss": {number}}}\n')
        store.finish(row(cell), scores(cell))
    assert store.curve(cell.key) == [{"epoch": 1, "loss": None}]
    assert inputs_digest(read_results(store), store)


def test_lines_of_a_running_cells_curve_that_are_none_are_left_out(tmp_path, caplog):
    store, cell = Store(tmp_path / "results"), GRID.cells()[0]
    with running(store, cell, epochs=2) as folder:
        with (folder / "curve.jsonl").open("ab") as file:
            file.write(b'\xff\xfe\n[1]\n{"epoch": 3, "loss": 1.0}\n{"epo')
        assert [record["epoch"] for record in store.curve(cell.key)] == [1, 2, 3]
    assert "curve.jsonl" in caplog.text


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"id": 3}', b"\xff\xff", b"[" * 100_000])
def test_a_foreign_file_among_the_sweeps_is_left_out_and_named(store, content, caplog):
    warn_once.cache_clear()
    known = store.sweeps()
    (store.root / "sweeps" / "foreign (conflicted copy).json").write_bytes(content)
    assert store.sweeps() == known
    assert "conflicted copy" in caplog.text


def test_a_copy_of_a_sweep_does_not_count_twice(store, caplog):
    (path,) = (store.root / "sweeps").iterdir()
    shutil.copy(path, path.with_name(f"{path.stem} (conflicted copy).json"))
    assert len(store.sweeps()) == 1
    assert "conflicted copy" in caplog.text


def test_a_row_of_an_older_version_is_read(store):
    key = store.keys()[0]
    path: Path = store.folder(key) / "row.json"
    row = json.loads(path.read_text())
    for name in ("sha256", "files"):
        del row[name]
    path.write_text(json.dumps(row))
    assert store.state(key) == "done"
    assert store.row(key).files == {}
    assert store.has_scores(key)
    (store.folder(key) / "scores.npz").write_bytes(b"PK")
    assert not store.has_scores(key)
