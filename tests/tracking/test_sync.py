"""A sync can be done again at any time: nothing twice, nothing lost, broken things named."""

import shutil
import urllib.parse
from pathlib import Path

import pytest
from helpers.store_factory import Grid, finish, save_sweep
from helpers.units import sweep_of, unit

from bench.records.store import Store
from bench.tracking import TrackingError, is_current, sync

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("forgotten", [False, True])
def test_syncing_twice_adds_nothing(finished, content, forgotten):
    first = sync(finished)
    before, counts = content(finished).everything(), [content(finished).count(t) for t in ("runs", "metrics", "tags")]
    assert is_current(finished)
    if forgotten:
        (finished.root / "mlflow.sync.json").unlink()
    second = sync(finished)
    assert (second.created, second.updated, second.unchanged) == (0, 0, first.created)
    assert content(finished).everything() == before
    assert [content(finished).count(t) for t in ("runs", "metrics", "tags")] == counts


@pytest.mark.usefixtures("quick_database")
def test_a_deleted_database_is_rebuilt_as_it_was(finished, content):
    sync(finished)
    before = content(finished).everything()
    (finished.root / "mlflow.db").unlink()
    assert not is_current(finished)
    assert sync(finished).created == len(before)
    assert content(finished).everything() == before


def test_a_shared_cell_lives_under_the_older_sweep(finished, content, grid):
    newer = save_sweep(finished, Grid(methods=("asl",), percents=(10,), epochs=4), created="2027-01-01T00:00:00+00:00")
    sync(finished)
    database, cell = content(finished), grid.cell("asl", 10, 0)
    tags = database.tags(unit(cell))
    older = next(r.id for r in finished.sweeps() if r.id != newer)
    assert tags["mlflow.parentRunId"] == database.units[f"sweep:{older}"]
    assert tags["sweeps"].split() == [older, newer]
    assert database.tags(f"sweep:{newer}")["cells_shared"].startswith("1:")
    assert ("mAP_by_ratio", 10) in database.points(f"summary:{newer}:asl")
    (finished.root / "sweeps" / f"{older}.json").unlink()
    sync(finished)
    assert database.tags(unit(cell))["mlflow.parentRunId"] == database.units[f"sweep:{newer}"]
    assert f"sweep:{older}" not in database.units


def test_a_cell_outside_all_sweeps_stands_alone(empty, content, grid):
    finish(empty, grid.cell("asl", 10, 0))
    sync(empty)
    database = content(empty)
    assert database.run(unit(grid.cell("asl", 10, 0)))["experiment"] == "scenes/partial"
    assert "mlflow.parentRunId" not in database.tags(unit(grid.cell("asl", 10, 0)))


def test_removed_and_binned_runs_are_put_right(finished, content, grid):
    from mlflow import MlflowClient

    sync(finished)
    database, gone, binned = content(finished), grid.cell("asl", 10, 0), grid.cell("asl", 50, 0)
    shutil.rmtree(finished.folder(gone.key))
    client, sweep = MlflowClient(f"sqlite:///{database.path}"), f"sweep:{sweep_of(finished)}"
    client.delete_run(database.units[unit(binned)])
    client.delete_run(database.units[sweep])
    finish(finished, binned, attempt=1)
    sync(finished)
    assert unit(gone) not in database.units
    assert database.run(unit(binned))["status"] == "FINISHED"
    assert {database.tags(u).get("mlflow.parentRunId") for u in database.units} == {None, database.units[sweep]}


def test_a_cell_with_an_unreadable_row_has_failed_and_says_why(finished, content, grid):
    cell = grid.cell("asl", 10, 0)
    (finished.folder(cell.key) / "row.json").write_text("{}")
    assert sync(finished).problems == []
    run = content(finished)
    assert run.run(unit(cell))["status"] == "FAILED"
    assert "row.json is damaged" in run.tags(unit(cell))["error"]
    assert content(finished).tags(f"summary:{sweep_of(finished)}:asl")["missing"] == "1 of 2 places"


@pytest.mark.usefixtures("quick_database")
def test_a_moved_store_gets_a_new_database(finished, content, tmp_path):
    sync(finished)
    before = content(finished).everything()
    moved = Store(finished.root.rename(tmp_path / "elsewhere"))
    assert not is_current(moved)
    assert sync(moved).created == len(before)
    assert content(moved).everything() == before
    assert (moved.root / "mlflow.moved.db").exists()
    run = content(moved).run(unit(moved.cell(moved.keys()[0])))
    assert Path(urllib.parse.urlparse(run["artifact_uri"]).path).is_relative_to(moved.root)


def test_a_broken_database_is_one_clear_sentence(finished):
    (finished.root / "mlflow.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(TrackingError, match="move the file away and run `bench sync`"):
        sync(finished)
    assert not is_current(finished)
