"""Cells that run, fail, are killed and are tried again, as MLflow shows them."""

import pytest
from helpers.store_factory import Grid, append_curve, curve, fail, finish, row, running, save_sweep

from bench.tracking import sync

pytestmark = pytest.mark.slow


def unit(cell) -> str:
    return f"cell:{cell.key}"


def test_a_running_cells_curve_grows(empty, content, grid):
    sweep = save_sweep(empty, grid)
    cell = grid.cell("asl", 10, 0)
    with running(empty, cell, epochs=1) as folder:
        sync(empty, live=True)
        database = content(empty)
        run = database.units[unit(cell)]
        assert database.run(unit(cell))["status"] == database.run(f"sweep:{sweep}")["status"] == "RUNNING"
        assert database.tags(unit(cell))["status"] == "running"
        for epoch in (2, 3, 4):
            append_curve(folder, curve(cell)[epoch - 1 : epoch])
            sync(empty, live=True)
            assert sorted(step for key, step in database.points(unit(cell)) if key == "curve/mAP") == list(
                range(1, epoch + 1)
            )
        assert database.units[unit(cell)] == run
    assert database.run(f"sweep:{sweep}")["status"] == "RUNNING"
    finish(empty, cell)
    sync(empty)
    assert database.run(unit(cell))["status"] == "FINISHED"
    assert database.units[unit(cell)] == run
    assert database.points(unit(cell))["mAP", 0] == row(cell).mAP
    assert database.run(f"sweep:{sweep}")["status"] == "KILLED"  # the rest was never run


def test_a_killed_cell_is_shown_as_killed_until_it_goes_on(empty, content, grid):
    save_sweep(empty, grid)
    cell = grid.cell("asl", 10, 0)
    with running(empty, cell, epochs=2):
        sync(empty, live=True)
    sync(empty)
    database = content(empty)
    assert database.run(unit(cell))["status"] == "KILLED"
    assert database.tags(unit(cell))["status"] == "interrupted"
    run = database.units[unit(cell)]
    with empty.claim(cell) as folder:
        append_curve(folder, curve(cell)[2:3])
        sync(empty, live=True)
        assert database.run(unit(cell))["status"] == "RUNNING"
    assert database.units[unit(cell)] == run
    assert max(step for _, step in database.points(unit(cell))) == 3


def test_a_failed_cell_says_why_until_it_is_retried(empty, content, grid):
    save_sweep(empty, grid)
    cell = grid.cell("asl", 10, 0)
    fail(empty, cell, message="the loss became nan")
    sync(empty)
    database = content(empty)
    assert database.run(unit(cell))["status"] == "FAILED"
    assert database.tags(unit(cell))["error"] == "RuntimeError: the loss became nan"
    assert "Traceback" in database.tags(unit(cell))["mlflow.note.content"]
    finish(empty, cell)
    sync(empty)
    assert database.run(unit(cell))["status"] == "FINISHED"
    assert "error" not in database.tags(unit(cell))
    assert database.tags(unit(cell))["mlflow.note.content"].startswith(f"mAP **{row(cell).mAP:.2f}** on test")


def test_an_attempt_with_other_numbers_replaces_the_run(finished, content, grid):
    sync(finished)
    cell, database = grid.cell("asl", 10, 0), content(finished)
    before = database.units[unit(cell)]
    finish(finished, cell, attempt=1)
    assert sync(finished).created == 0
    assert database.units[unit(cell)] != before
    assert [database.points(unit(cell))["curve/mAP", r["epoch"]] for r in curve(cell, 1)] == [
        r["mAP"] for r in curve(cell, 1)
    ]


def test_more_than_a_batch_arrives_whole(empty, content):
    grid = Grid(methods=("asl",), percents=(10,), epochs=300)
    save_sweep(empty, grid)
    cell = grid.cell("asl", 10, 0)
    finish(empty, cell, class_ap={f"class {i}": float(i) for i in range(150)})
    sync(empty)
    points = content(empty).points(unit(cell))
    assert len([1 for key, _ in points if key == "curve/mAP"]) == 300
    assert len([1 for key, _ in points if key.startswith("test_AP/")]) == 150
