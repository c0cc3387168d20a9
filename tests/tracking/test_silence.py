"""Servers and databases that do not answer: a run waits ten seconds for them, says so, and names what is silent."""

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from helpers.store_factory import finish

from bench.records.store import Store
from bench.tracking import follow as follow_module
from bench.tracking import following, is_current, sync
from bench.tracking.database import absolute_uri
from bench.tracking.follow import Follower

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BOUND = 30.0
"""Seconds: the ten of silence, and what a busy machine takes to start the process."""


@contextmanager
def silent_server():
    """The address of a socket that takes every connection and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        taken = []

        def take():
            while True:
                try:
                    taken.append(server.accept())
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def finish_timed(follower, lines: list[str]) -> tuple[str, float]:
    began = time.monotonic()
    return follower.finish(lines.append), time.monotonic() - began


def test_a_server_that_takes_connections_and_never_answers(finished):
    lines: list[str] = []
    with silent_server() as address, following(finished, address) as follower:
        problem, seconds = finish_timed(follower, lines)
    assert seconds < BOUND
    assert lines == [f"waiting for the MLflow server {address} ..."]
    assert address in problem
    assert "answer" in problem
    assert "the results are safe" in problem


def test_a_database_that_another_program_keeps_locked(finished, grid):
    sync(finished)
    connection = sqlite3.connect(finished.root / "mlflow.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    lines: list[str] = []
    try:
        finish(finished, grid.cells()[0], attempt=1)
        with following(finished) as follower:
            problem, seconds = finish_timed(follower, lines)
    finally:
        connection.close()
    assert seconds < BOUND
    assert lines[0].startswith("waiting for the MLflow database sqlite:///")
    assert f"{finished.root / 'mlflow.db'} has been locked by another program" in problem


def stand_in(monkeypatch, store: Store, code: str) -> Follower:
    """A follower whose process runs `code`."""
    popen = follow_module.subprocess.Popen
    fake = lambda command, **options: popen([sys.executable, "-c", code], **options)  # noqa: E731
    monkeypatch.setattr(follow_module.subprocess, "Popen", fake)
    follower = Follower(store)
    follower.start()
    return follower


def test_who_works_is_waited_for_and_who_is_silent_is_not(finished, monkeypatch):
    monkeypatch.setattr(follow_module, "SILENCE", 2.0)
    beats = "import os, time\nfor _ in range(25): time.sleep(0.2); os.write(1, b'\\0')\n"
    working = f"{beats}print('at last')\nraise SystemExit(1)"
    assert stand_in(monkeypatch, finished, working).finish() == "at last"
    monkeypatch.undo()
    monkeypatch.setattr(follow_module, "SILENCE", 1.0)
    silent = stand_in(monkeypatch, finished, "import time; time.sleep(60)")
    problem, seconds = finish_timed(silent, [])
    silent.process.kill()
    assert problem.startswith("The MLflow database sqlite:///")
    assert "has not answered for 1 s" in problem
    assert seconds < 5


def test_the_writer_ends_with_its_parent_in_the_middle_of_a_call_that_hangs(finished, tmp_path):
    code = """if True:
        import os, sys, time
        from pathlib import Path
        from bench.records.store import Store
        from bench.tracking import following
        with following(Store(Path(sys.argv[1])), sys.argv[2]) as follower:
            Path(sys.argv[3]).write_text(str(follower.process.pid))
            time.sleep(600)
    """
    note = tmp_path / "pid"
    with silent_server() as address:
        parent = subprocess.Popen([sys.executable, "-c", code, str(finished.root), address, str(note)], cwd=ROOT)
        _wait_until(lambda: note.exists() and note.read_text())
        writer = psutil.Process(int(note.read_text()))
        _wait_until(lambda: any(one.status == "ESTABLISHED" for one in writer.net_connections()))
        parent.kill()
        parent.wait()
        began = time.monotonic()
        _wait_until(lambda: not writer.is_running() or writer.status() == psutil.STATUS_ZOMBIE)
        assert time.monotonic() - began < 4
    sync(finished, wait=1)  # its lock is free, and what it left can be completed
    assert is_current(finished)


def _wait_until(holds, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(("given", "meant"), [("x.db", "{here}/x.db"), ("/data/x.db", "/data/x.db")])
def test_a_relative_database_is_the_users_wherever_the_writer_works(given, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = f"sqlite:///{meant.format(here=Path.cwd())}"
    follower = Follower(Store(tmp_path), f"sqlite:///{given}")
    monkeypatch.chdir("/")
    assert follower.tracking_uri == wanted
    assert absolute_uri("http://host:1") == "http://host:1"
