"""Processes that are killed, and machines with little memory: the sweep goes on."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch
from helpers.comparisons import assert_same_scores, losses
from helpers.trainings import QUICK, Recorder, make_cell
from helpers.worlds import soon

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.executors.worker_process import worker_device
from bench.records.store import Store
from bench.system import capacity as room

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


ARGUMENTS = [
    *("run", "--methods", "asl", "--ratios", "0.3,0.6", "--no-mlflow", "--workers", "2"),
    *("--set", "scenes.n_train=120", "--set", "scenes.n_test=60", "--set", "asl.epochs=4000"),
]


def curves(store: Store) -> list[list[dict]]:
    return [store.curve(key) for key in store.keys()]  # noqa: SIM118 - a store is no dict


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_the_command_line_is_interrupted_or_killed(sign, environment, tmp_path):
    """Both workers train; then the command ends, and they with it."""
    store = Store(tmp_path)
    command = [sys.executable, "-m", "bench", *ARGUMENTS, "--results", str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as driver:
        with soon("two cells to train") as until:
            until(lambda: driver.poll() is not None or [len(c) > 2 for c in curves(store)] == [True, True])
        assert driver.poll() is None, driver.communicate()[1]
        leases = [store.lease(key) for key in store.keys()]  # noqa: SIM118 - a store is no dict
        os.kill(driver.pid, sign)
        began = time.monotonic()
        output = driver.communicate()[1]
    assert time.monotonic() - began < LONG
    assert driver.returncode == (130 if sign is signal.SIGINT else -sign)
    if sign is signal.SIGINT:
        assert output.strip().splitlines()[-1] == "interrupted; the same command resumes from the last checkpoint."
        assert "Traceback" not in output
    workers = [lease["pid"] for lease in leases]
    assert len({*workers, driver.pid}) == 3
    with soon("the workers' end") as until:
        until(lambda: not any(psutil.pid_exists(pid) for pid in workers))
    for key in store.keys():  # noqa: SIM118 - a store is no dict
        assert store.state(key) == "planned"
        assert (store.folder(key) / "checkpoint" / "last.pth").exists()


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


def test_workers_take_the_gpus_in_turn(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(room, "available_memory", lambda: 64 * GIB)
    requested = torch.device("cuda")
    assert [worker_device(requested, number) for number in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert worker_device(torch.device("cuda:1"), 0) == "cuda:1", "a named one is taken as named"
    assert worker_device(torch.device("cpu"), 1) == "cpu"
    assert room.worker_count(0, 10, requested) == 2
    assert room.worker_count(4, 10, requested) == 4, "several on a GPU if asked for"


def test_memory_limits_the_number_of_workers(monkeypatch):
    monkeypatch.setattr(room, "available_memory", lambda: 4 * GIB)
    assert room.worker_count(8, 10, torch.device("cpu")) == 2
    monkeypatch.setattr(room, "available_memory", lambda: 0)
    assert room.worker_count(8, 10, torch.device("cpu")) == 1, "one is always tried"


def test_threads_divide_the_cores(monkeypatch):
    monkeypatch.setattr(room, "available_memory", lambda: 64 * GIB)
    monkeypatch.setattr(room, "cores", lambda: 8)
    assert [room.worker_count(0, None, torch.device("cpu"), threads) for threads in (1, 3, 16)] == [8, 2, 1]


@pytest.fixture
def job(tmp_path) -> tuple[Path, Path]:
    """The control group of a job with 1 GiB in a container with 3 GiB: folder of the groups, own membership."""
    groups = tmp_path / "cgroup"
    for folder, limit, used, inactive in (("", "max", 9, 0), ("box", 3 * GIB, 2 * GIB, 0), ("box/job", GIB, 700, 200)):
        (groups / folder).mkdir()
        (groups / folder / "memory.max").write_text(f"{limit}\n")
        (groups / folder / "memory.current").write_text(f"{used}\n")
        (groups / folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\n")
    membership = tmp_path / "membership"
    membership.write_text("1:cpu:/old\n0::/box/job\n")
    return groups, membership


def test_a_container_has_less_memory_than_its_machine(job, tmp_path, monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 64 * GIB}))
    groups, membership = job
    assert room.available_memory(groups, membership) == GIB - 700 + 200
    (groups / "box" / "memory.current").write_text(str(3 * GIB - 5))
    assert room.available_memory(groups, membership) == 5, "the outer limit counts as well"
    (groups / "box" / "memory.current").write_text(str(4 * GIB))
    assert room.available_memory(groups, membership) == 0
    assert room.available_memory(groups, tmp_path / "nowhere") == 64 * GIB
