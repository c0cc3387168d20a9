"""Claims: one process holds a cell, and a lease counts as long as its process lives."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from helpers.elsewhere import CELL

from bench.records.store import Store
from bench.system.files import write_json

HOLD = """
import json, sys
from bench.records.cells import Cell
from bench.records.store import Store
with Store(sys.argv[1]).claim(Cell.from_json(json.loads(sys.argv[2]))) as folder:
    print("held" if folder else "refused", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results")


@pytest.fixture
def holder(store, environment):
    """A function that starts a process which claims the cell, tells what it got, and waits."""

    @contextmanager
    def hold() -> Iterator[subprocess.Popen]:
        command = [sys.executable, "-c", HOLD, str(store.root), json.dumps(CELL.to_json())]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
            process.first_line = process.stdout.readline().strip()
            yield process
            process.kill()

    return hold


def test_only_one_process_holds_a_cell(store, holder):
    with holder() as process:
        assert process.first_line == "held"
        assert store.state(CELL.key) == "running"
        assert store.lease(CELL.key)["pid"] == process.pid
        with store.claim(CELL) as folder:
            assert folder is None
        assert store.lease(CELL.key)["pid"] == process.pid, "a refused claim must leave the holder's lease"


def test_the_lease_of_a_killed_process_does_not_count(store, holder):
    with holder() as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (store.folder(CELL.key) / "lease.json").exists()
        assert store.state(CELL.key) == "planned"
        with store.claim(CELL) as folder:
            assert folder is not None


def test_a_lease_whose_process_number_was_given_to_another_does_not_count(store, holder):
    with holder() as process:
        lease = store.lease(CELL.key)
        stolen = {**lease, "process_started": lease["process_started"] - 1000}
        write_json(store.folder(CELL.key) / "lease.json", stolen)
        assert process.poll() is None
        assert store.lease(CELL.key) is None


def test_a_lease_on_another_host_counts(store):
    """Nobody here can look whether that process lives; the lock decides who may run."""
    elsewhere = {"host": "another-machine", "pid": 1, "process_started": 0.0, "at": 0.0}
    write_json(store.folder(CELL.key) / "lease.json", elsewhere)
    assert store.state(CELL.key) == "running"
    with store.claim(CELL) as folder:
        assert folder is not None
