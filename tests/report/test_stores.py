"""Several stores as one, and which row counts where two have the same cell."""

import pytest
from helpers.store_factory import Grid, finish, make_store

from bench.errors import DataError, UsageError
from bench.report import read_results, write_report
from bench.report.stores import open_stores
from bench.system.files import read_json, write_json

pytestmark = pytest.mark.slow


@pytest.fixture
def two(tmp_path):
    """The same methods, seed 0 here and seeds 0 and 1 there."""
    here, _ = make_store(tmp_path / "here", Grid(methods=("asl", "dualcoop"), percents=(10, 50), epochs=2))
    grid = Grid(methods=("asl", "dualcoop"), percents=(10, 50), seeds=(0, 1), epochs=2)
    there, _ = make_store(tmp_path / "there", grid, created="2026-02-02T00:00:00+00:00")
    return here, there, grid


def test_rows_of_all_stores_stand_in_one_table(two):
    here, there, _ = two
    results = read_results(open_stores([here.root, there.root]), merge=True)
    assert results.seeds == (0, 1)
    assert len(results.frame) == 8
    assert results.missing == ()


def test_a_cell_that_one_store_lacks_is_taken_from_the_other(two):
    here, there, grid = two
    key = grid.cell("asl", 10, 0).key
    (there.folder(key) / "row.json").unlink()
    both = open_stores([there.root, here.root])
    assert both.folder(key) == here.folder(key)
    assert both.state(key) == "done"
    assert read_results(both, merge=True).missing == ()


def test_one_cell_with_two_numbers_is_an_error_that_names_both(two):
    here, there, grid = two
    path = there.folder(grid.cell("asl", 10, 0).key) / "row.json"
    row = read_json(path)
    del row["sha256"]
    write_json(path, {**row, "metrics": {**row["metrics"], "mAP": row["metrics"]["mAP"] + 0.01}})
    with pytest.raises(DataError, match=r"Cell .* has mAP .* in .*here and .* in .*there; delete its folder"):
        open_stores([here.root, there.root])
    write_json(path, {**row, "metrics": {**row["metrics"], "mAP": row["metrics"]["mAP"] + 1e-9}})
    open_stores([here.root, there.root])  # the last bits of two machines are no conflict


def test_the_report_is_written_to_the_first_store(two, monkeypatch):
    here, there, _ = two
    monkeypatch.setattr("bench.report.write._files", lambda *_: {"report.md": "text"})
    store = open_stores([here.root, there.root])
    path = write_report(read_results(store, merge=True), store)
    assert path.is_relative_to(here.root)
    page = next(p for p in (path.parent / "cells").iterdir() if "seed 1" in p.read_text())
    link = page.parent / "../../../../there/cells" / page.stem / "row.json"
    assert link.resolve().exists()
    assert f"../../../../there/cells/{page.stem}/row.json" in page.read_text()


def test_a_folder_that_is_no_store_is_named(tmp_path, two):
    with pytest.raises(UsageError, match=r"no store at .*nowhere"):
        open_stores([two[0].root, tmp_path / "nowhere"])


def test_a_finished_row_goes_before_a_failed_one(two, tmp_path):
    here, there, grid = two
    cell = grid.cell("dualcoop", 50, 1)
    finish(here, cell)
    assert open_stores([here.root, there.root]).row(cell.key).key == cell.key
