"""What holds for every executor; those that need more than this process are in files of their own."""

import pickle

import numpy as np
import pytest
from helpers.comparisons import assert_same_scores, assert_same_weights, losses
from helpers.trainings import QUICK, Recorder, make_cell

from bench.data.blind import NoTestSplitError, blind
from bench.errors import UsageError
from bench.executors import Inline, open_executor
from bench.executors.driver import run_cells
from bench.executors.location import Location
from bench.executors.processes import Processes
from bench.records.store import Store

pytestmark = pytest.mark.slow

SHORT = {**QUICK, "epochs": 4}


@pytest.fixture(scope="module")
def straight(resources, tmp_path_factory):
    """`straight(cell)`: the store in which the cell was trained in this process, without a break."""
    store = Store(tmp_path_factory.mktemp("straight"))

    def run(cell) -> Store:
        run_cells([cell], store, Inline(resources, store), Recorder())
        return store

    return run


@pytest.fixture(params=["inline", "processes"])
def executor(request, resources, store, processes, quick_workers):
    with Inline(resources, store) if request.param == "inline" else processes(store) as opened:
        yield opened


def assert_equal(cell, store: Store, other: Store) -> None:
    assert_same_scores(store.scores(cell.key), other.scores(cell.key))
    assert losses(store.folder(cell.key)) == losses(other.folder(cell.key))
    assert_same_weights(store, other, cell.key)


def test_the_contract(executor, store, resources, straight):
    """One opening of each executor sees all that the interface promises: starting processes takes seconds."""
    cells = [make_cell(resources, "toy_linear", percent=percent, **SHORT) for percent in (20, 40)]
    expected = [straight(cell) for cell in cells]

    calls: list = []
    future = executor.submit(cells[0], lambda epoch, record: calls.append((epoch, record)), lambda: calls.append("go"))
    assert future.result().ending == "done"
    assert calls[0] == "go"
    assert [epoch for epoch, _ in calls[1:]] == [1, 2, 3, 4]
    assert [record for _, record in calls[1:]] == store.curve(cells[0].key)
    assert_equal(cells[0], store, expected[0])
    assert store.row(cells[0].key).environment["threads"] == 1
    assert executor.submit(cells[0]).result().ending == "cached"

    stopped = executor.submit(cells[1], lambda epoch, record: epoch == 2).result()
    assert (stopped.key, stopped.ending) == (cells[1].key, "stopped")
    assert store.state(cells[1].key) == "planned"
    assert [record["epoch"] for record in store.curve(cells[1].key)] == [1, 2], "its curve is kept"
    kept = store.curve(cells[1].key)

    epochs: list[int] = []
    again = executor.submit(cells[1], lambda epoch, record: epochs.append(epoch))
    assert again.result().ending == "done"
    assert epochs == [1, 2, 3, 4], "a follower hears the epochs before the checkpoint too"
    assert store.curve(cells[1].key)[:2] == kept, "and they were not trained again: a clock would tell"
    assert_equal(cells[1], store, expected[1])

    with store.claim(make_cell(resources, "toy_linear", percent=60, **SHORT)):
        held = make_cell(resources, "toy_linear", percent=60, **SHORT)
        if not isinstance(executor, Inline):
            assert executor.submit(held).result().ending == "elsewhere", "another driver holds it"

    bad = make_cell(resources, "toy_refusing", **SHORT)
    failed = executor.submit(bad).result()
    assert (failed.ending, failed.message) == ("failed", "RuntimeError: the toy refuses [/on purpose]")
    assert "start_epoch" in store.error(bad.key), "the traceback is the worker's"

    def careless(epoch, record):
        raise ZeroDivisionError("the follower's own fault")

    other = make_cell(resources, "toy_linear", percent=80, **SHORT)
    with pytest.raises(ZeroDivisionError):
        executor.submit(other, careless).result()
    assert store.state(other.key) == "planned", "the cell is not to blame"


def test_stopping_in_the_last_epoch_changes_nothing(resources, store, straight):
    cell = make_cell(resources, "toy_linear", **SHORT)
    assert Inline(resources, store).submit(cell, lambda epoch, record: epoch == 4).result().ending == "done"
    assert_equal(cell, store, straight(cell))


def test_a_cell_that_failed_before_and_is_stopped_now_is_planned(resources, store, monkeypatch):
    from helpers.toys import TOYS

    cell = make_cell(resources, "toy_refusing", **SHORT)
    assert Inline(resources, store).submit(cell).result().ending == "failed"
    monkeypatch.setattr(TOYS["toy_refusing"], "broken", False)
    assert Inline(resources, store).submit(cell, lambda epoch, record: True).result().ending == "stopped"
    assert store.state(cell.key) == "planned"


def test_what_is_refused(resources, store):
    with pytest.raises(UsageError, match=r"--executor 'procesess' is not allowed; did you mean 'processes'\?"):
        open_executor("procesess", resources, store)
    with pytest.raises(UsageError, match="--executor inline trains one cell at once"):
        open_executor("inline", resources, store, workers=2)


def test_auto_takes_processes_only_where_there_is_work_for_two(resources, store, monkeypatch):
    monkeypatch.setattr("bench.system.capacity.cores", lambda: 2)
    monkeypatch.setattr("bench.system.capacity.available_memory", lambda: 2**40)
    for pending, kind in ((1, Inline), (5, Processes)):
        with open_executor("auto", resources, store, pending=pending) as opened:
            assert isinstance(opened, kind)
    with open_executor("auto", resources, store, workers=1, pending=5) as opened:
        assert isinstance(opened, Inline)
    assert np.isfinite(opened.slots)


def test_what_a_worker_opens_is_what_the_driver_has(make_resources):
    """A search's driver has no test split, and its workers have none either."""
    driver = make_resources()
    for reach in (lambda dataset: dataset, blind):
        reach(driver.dataset)
        there = pickle.loads(pickle.dumps(Location.of(driver))).open(driver.device, driver.progress)
        assert type(there.dataset).__name__ == type(driver.dataset).__name__
        assert there.dataset.fingerprint == driver.dataset.fingerprint
        assert there.cache == driver.cache
    with pytest.raises(NoTestSplitError):
        _ = there.dataset.test
