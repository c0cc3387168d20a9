"""The store: states, one holder at a time, a row that makes a cell done, and failures that stay visible."""

import dataclasses
import json

import numpy as np
import pytest
from helpers.elsewhere import CELL

from bench.records.reader import Targets
from bench.records.rows import Row
from bench.records.store import Store

SCORES = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
ROW = Row(
    cell=CELL,
    metrics={"mAP": 50.0, "CF1": float("nan")},
    test_best={"mAP": 51.0, "epoch": 1},
    heldout_best=None,
    class_ap={"cat": 50.0, "dog": float("nan")},
    epochs=2,
    mask={"sha256": "0" * 64},
    trainable_parameters=3,
    timings={"train": 1.0},
    peak_memory={"process": 100.0},
    environment={"versions": {"python": "3.11"}},
    code="c",
    flags=("reconstruction",),
)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results")


def test_a_cell_goes_from_planned_to_running_to_done(store):
    assert store.state(CELL.key) == "planned"
    assert store.keys() == []
    with store.claim(CELL) as folder:
        assert folder == store.folder(CELL.key)
        assert store.state(CELL.key) == "running"
        store.finish(ROW, SCORES)
        assert store.state(CELL.key) == "done"
    assert store.state(CELL.key) == "done"
    assert store.keys() == [CELL.key]
    assert store.cell(CELL.key) == CELL


def test_a_cell_that_was_let_go_unfinished_is_planned_again(store):
    with pytest.raises(KeyboardInterrupt), store.claim(CELL):
        raise KeyboardInterrupt
    assert store.state(CELL.key) == "planned"


def test_scores_without_a_row_are_not_done(store):
    """The row is written last: killed before it, the cell is run again."""
    broken = dataclasses.replace(ROW, environment={"unwritable": object()})
    with store.claim(CELL), pytest.raises(TypeError):
        store.finish(broken, SCORES)
    assert (store.folder(CELL.key) / "scores.npz").exists()
    assert store.state(CELL.key) == "planned"


def test_a_failed_cell_keeps_its_traceback_until_it_is_done(store):
    with store.claim(CELL):
        try:
            raise RuntimeError("no such luck\n  as today")
        except RuntimeError as error:
            store.fail(CELL.key, error)
    assert store.state(CELL.key) == "failed"
    assert "Traceback" in store.error(CELL.key)
    assert "as today" in store.error(CELL.key)
    assert store.reason(CELL.key) == "RuntimeError: no such luck"
    with store.claim(CELL):
        assert store.state(CELL.key) == "running"
        store.finish(ROW, SCORES)
    assert store.state(CELL.key) == "done"
    assert store.error(CELL.key) is None
    assert store.reason(CELL.key) == ""


def test_a_row_survives_the_disk_and_nan_becomes_none(store):
    with store.claim(CELL):
        store.finish(ROW, SCORES)
    [row] = store.rows()
    assert row == dataclasses.replace(ROW, metrics={"mAP": 50.0, "CF1": None}, class_ap={"cat": 50.0, "dog": None})
    assert row.key == CELL.key
    assert row.mAP == 50.0
    text = (store.folder(CELL.key) / "row.json").read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_scores_and_targets_read_back_to_the_bit(store):
    with store.claim(CELL):
        store.finish(ROW, SCORES)
    assert store.scores(CELL.key).tobytes() == SCORES.tobytes()
    targets = Targets(("a", "b"), np.array([[1, -1], [-1, -1]], np.int8), ("cat", "dog"))
    store.save_targets("f", targets)
    again = store.targets("f")
    assert (again.ids, again.class_names) == (targets.ids, targets.class_names)
    assert np.array_equal(again.labels, targets.labels)
