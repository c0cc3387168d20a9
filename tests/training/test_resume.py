"""A run that was cut off ends with the same bits as one that was not; `bench.conformance` proves it for all methods."""

import itertools
import json
import shutil
from pathlib import Path

import pytest
from helpers.comparisons import assert_same_scores, assert_same_training, losses
from helpers.trainings import KINDS, QUICK, Recorder, make_cell, run

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.records.store import Store
from bench.system.environment import source_hash
from methods import METHODS

pytestmark = pytest.mark.slow

TRAINED = ["toy_linear", "toy_buffered", *KINDS]


class Killed(BaseException):
    """Stands in for SIGKILL between an epoch's line in the curve and its checkpoint."""


def interrupted(cell, resources, folder: Path, epoch: int) -> None:
    def watch(now: int, record: dict) -> None:
        if now == epoch:
            raise Killed

    with pytest.raises(Killed):
        run(cell, resources, folder, watch)


@pytest.mark.parametrize(("method", "epoch"), [("toy_linear", 1), *((method, 2) for method in TRAINED)])
def test_cut_off_between_curve_and_checkpoint(method, epoch, straight, resources, toys, tmp_path):
    """In epoch 1 there is nothing yet to go on from; starting again is the same for every method."""
    expected = straight(method)
    interrupted(expected.cell, resources, tmp_path, epoch)
    assert len(losses(tmp_path)) == epoch
    outcome = run(expected.cell, resources, tmp_path)
    assert_same_training(expected.folder, tmp_path)
    assert_same_scores(outcome.logits, expected.outcome.logits)


@pytest.mark.parametrize("method", TRAINED)
def test_cut_off_between_the_last_checkpoint_and_the_row(method, straight, resources, toys, tmp_path):
    """Nothing is left to train: the scores come from the checkpoint's averaged weights."""
    expected = straight(method)
    shutil.copytree(expected.folder, tmp_path, dirs_exist_ok=True)
    epochs: list[int] = []
    outcome = run(expected.cell, resources, tmp_path, lambda epoch, record: epochs.append(epoch))
    assert epochs == []
    assert_same_scores(outcome.logits, expected.outcome.logits)
    assert losses(tmp_path) == losses(expected.folder)
    again = run(expected.cell, resources, tmp_path)
    assert_same_scores(again.logits, expected.outcome.logits)


def test_the_time_of_a_resumed_training_is_that_of_both_attempts(resources, toys, tmp_path, monkeypatch):
    """On a clock of the test's: a minute passes with each look at it."""
    minutes = itertools.count(0, 60)
    monkeypatch.setattr("bench.training.stopwatch.time.perf_counter", lambda: float(next(minutes)))
    cell = make_cell(resources, "toy_linear", **QUICK)
    whole = run(cell, resources, tmp_path / "whole").timings
    interrupted(cell, resources, tmp_path / "resumed", 2)
    assert run(cell, resources, tmp_path / "resumed").timings["train"] >= whole["train"]


def test_state_that_no_checkpoint_holds_is_caught(resources, toys, tmp_path):
    """The proof can fail: this toy counts its steps in a plain attribute."""
    cell = make_cell(resources, "toy_forgetful", **QUICK)
    run(cell, resources, tmp_path / "straight")
    interrupted(cell, resources, tmp_path / "resumed", 2)
    run(cell, resources, tmp_path / "resumed")
    with pytest.raises(AssertionError, match="these parameters differ"):
        assert_same_training(tmp_path / "straight", tmp_path / "resumed")


@pytest.mark.parametrize("code", ["same", "changed"])
def test_a_checkpoint_of_other_source_code_is_dropped(code, resources, toys, tmp_path, monkeypatch):
    cell, store, observer = make_cell(resources, "toy_linear", **QUICK), Store(tmp_path), Recorder(interrupt=2)
    with pytest.raises(KeyboardInterrupt):
        run_cells([cell], store, Inline(resources, store), observer)
    assert store.state(cell.key) == "planned"
    assert (store.folder(cell.key) / "checkpoint" / "last.pth").exists()
    curve = store.folder(cell.key) / "curve.jsonl"
    marked = [{**record, "seconds": 12345.0} for record in store.curve(cell.key)]
    curve.write_text("".join(json.dumps(record) + "\n" for record in marked))
    if code == "changed":
        monkeypatch.setattr("bench.executors.attempt.source_hash", lambda method: "of another day")
    observer.interrupt = 0
    run_cells([cell], store, Inline(resources, store), observer)
    assert observer.epochs == [1, 2, 1, 2, 3], "an observer hears the epochs before the checkpoint too"
    assert [record["epoch"] for record in store.curve(cell.key)] == [1, 2, 3]
    went_on = store.curve(cell.key)[0]["seconds"] == 12345.0
    assert went_on == (code == "same"), "a first epoch that is trained again has a time of its own"
    assert not (store.folder(cell.key) / "checkpoint").exists(), "a finished cell needs none"
    assert store.row(cell.key).code == (
        "of another day" if code == "changed" else source_hash(METHODS.get("toy_linear"))
    )
