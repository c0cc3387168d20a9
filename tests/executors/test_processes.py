"""Worker processes that are killed, closed or short of memory: the sweep goes on."""

import contextlib
import os
import signal
import threading
import time

import psutil
import pytest
from helpers.comparisons import assert_same_scores, losses
from helpers.trainings import QUICK, Recorder, make_cell
from helpers.worlds import soon

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.records.store import Store

pytestmark = pytest.mark.slow

SHORT = {**QUICK, "epochs": 3}
GIB = 2**30
LONG = 300.0
"""Seconds: more than a busy machine takes for anything here, less than the trainings that are cut off would."""


@pytest.mark.usefixtures("quick_workers")
def test_killed_workers(store, resources, processes, tmp_path):
    """A worker killed once, another killed whenever it tries, and a third cell that must not notice."""
    once = make_cell(resources, "toy_suicidal", file=str(tmp_path / "killed"), at=2, **SHORT)
    always = make_cell(resources, "toy_suicidal", at=1, **SHORT)
    other = make_cell(resources, "toy_linear", **SHORT)
    observer = Recorder()
    with processes(store, workers=2) as executor:
        run_cells([once, always, other], store, executor, observer)
    endings = dict(observer.endings)
    assert endings == {once.key: "done", always.key: "failed", other.key: "done"}
    assert sorted(observer.started) == sorted(endings), "each is told to have started once"
    reason = store.reason(always.key)
    assert (
        "its worker process was ended by signal 9 (SIGKILL), 2 times; the system does that when memory runs out"
        in reason
    )
    assert "give fewer --workers" in reason
    assert reason.endswith(observer.messages[[key for key, _ in observer.endings].index(always.key)])
    assert store.lease(always.key) is None

    straight = Store(tmp_path / "straight")
    run_cells([once], straight, Inline(resources, straight), Recorder())
    assert_same_scores(store.scores(once.key), straight.scores(once.key))
    assert losses(store.folder(once.key)) == losses(straight.folder(once.key)), "it went on from its checkpoint"


@pytest.mark.usefixtures("quick_workers")
def test_little_memory_holds_cells_back_but_never_all(store, resources, processes, monkeypatch):
    """With no memory at all two workers train one after the other."""
    monkeypatch.setattr("bench.executors.processes.available_memory", lambda: 0)
    monkeypatch.setattr("bench.executors.processes.MEMORY_POLL_SECONDS", 0.02)
    training, most = set(), [0]

    class Counting(Recorder):
        def cell_started(self, cell):
            training.add(cell.key)
            most[0] = max(most[0], len(training))

        def cell_ended(self, cell, ending, message):
            training.discard(cell.key)
            super().cell_ended(cell, ending, message)

    cells = [make_cell(resources, "toy_linear", percent=percent, **SHORT) for percent in (20, 40, 60)]
    observer = Counting()
    with processes(store, workers=2) as executor:
        run_cells(cells, store, executor, observer)
    assert [ending for _, ending in observer.endings] == ["done"] * 3
    assert most == [1]


@pytest.mark.usefixtures("quick_workers")
def test_closing_ends_a_training_at_once_and_leaves_no_process(store, resources, processes, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.executors.processes.STOP_SECONDS", LONG)  # leaving in order takes a busy machine longer
    cell = make_cell(resources, "toy_waiting", file=str(tmp_path / "go"), at=2, **SHORT)
    with processes(store, workers=1) as executor:
        future = executor.submit(cell)
        with soon("the second epoch") as until:
            until(lambda: list(tmp_path.glob("go.*")))
        began = time.monotonic()
    assert time.monotonic() - began < LONG, "not to the end of the training"
    assert isinstance(future.exception(), Exception)
    [pid] = [int(path.suffix[1:]) for path in tmp_path.glob("go.*")]
    assert not psutil.pid_exists(pid)
    assert store.state(cell.key) == "planned"
    assert not (store.folder(cell.key) / "lease.json").exists(), "it left in order"
    assert (store.folder(cell.key) / "checkpoint" / "last.pth").exists()


class SlowToClose:
    """A worker's pipe; two threads that close one at once may close a file that was opened meanwhile."""

    def __init__(self, pipe):
        self.pipe, self.turn = pipe, threading.Lock()
        self.disturbed = False

    def close(self) -> None:
        if not self.turn.acquire(blocking=False):
            self.disturbed = True
            return
        with contextlib.closing(self.pipe):
            time.sleep(0.5)
        self.turn.release()


@pytest.mark.usefixtures("quick_workers")
def test_one_thread_at_a_time_closes_a_workers_pipe(store, resources, processes, tmp_path):
    cell = make_cell(resources, "toy_waiting", file=str(tmp_path / "go"), at=2, **SHORT)
    with processes(store, workers=1) as executor:
        executor.submit(cell)
        with soon("the second epoch") as until:
            until(lambda: list(tmp_path.glob("go.*")))
        [worker] = executor._workers
        worker.pipe = SlowToClose(worker.pipe)
    assert worker.pipe.pipe.closed
    assert not worker.pipe.disturbed


def test_an_interrupt_from_the_terminal_reaches_no_worker_however_early(store, resources, processes):
    """It comes while the worker, which is spawned, imports what it needs."""
    cell = make_cell(resources, "toy_linear", **SHORT)
    with processes(store, workers=1) as executor:
        future = executor.submit(cell)
        with soon("a worker") as until:
            until(lambda: executor._workers)
        [worker] = executor._workers
        os.kill(worker.process.pid, signal.SIGINT)
        assert future.result().ending == "done"
        assert executor._workers == [worker], "it was not replaced"


@pytest.mark.usefixtures("quick_workers")
def test_two_drivers_with_workers_train_each_cell_once(store, resources, processes):
    """Two executors of two workers each on one store: four processes want the same six cells."""
    cells = [make_cell(resources, "toy_linear", percent=percent, **SHORT) for percent in range(10, 70, 10)]
    observers = [Recorder(), Recorder()]

    def drive(observer: Recorder) -> None:
        with processes(store, workers=2) as executor:
            run_cells(cells, store, executor, observer)

    drivers = [threading.Thread(target=drive, args=(observer,)) for observer in observers]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    keys = sorted(cell.key for cell in cells)
    assert sorted(key for observer in observers for key in observer.started) == keys, "each exactly once"
    for observer in observers:
        assert sorted(key for key, _ in observer.endings) == keys, "both heard of every cell's end"
        assert {ending for _, ending in observer.endings} <= {"done", "elsewhere"}
