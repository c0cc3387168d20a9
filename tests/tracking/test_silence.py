"""Servers and databases that do not answer: a run waits ten seconds for them, says so, and names what is silent."""

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest
from helpers.store_factory import finish

from bench.tracking import following, is_current, sync
from bench.tracking.database.reachable import refuse_unreachable
from bench.tracking.follower import waiting

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BOUND = 90.0
"""Seconds: the ten of silence, and what a busy machine takes beside; MLflow itself would try for 125 and more."""


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


def test_a_database_that_another_program_keeps_locked(finished, grid, monkeypatch):
    # On a busy machine the process takes longer than that to start.
    monkeypatch.setattr(waiting, "SILENCE_SECONDS", BOUND)
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


class Guarded(BaseHTTPRequestHandler):
    """Answers everything by a demand for a password."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_a_server_that_demands_a_password_answers():
    with HTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        refuse_unreachable(f"http://127.0.0.1:{server.server_port}")
        thread.join()


def test_what_is_no_database_is_not_said_to_be_locked(tmp_path):
    (tmp_path / "text.db").write_text("no database at all, and longer than its header would be " * 10)
    refuse_unreachable(f"sqlite:///{tmp_path}/text.db")
    refuse_unreachable(f"sqlite:///{tmp_path}")
    assert (tmp_path / "text.db").read_text().startswith("no database")


def test_the_writer_ends_with_its_parent_in_the_middle_of_a_call_that_hangs(finished, tmp_path):
    """It would hang for ten minutes: nothing but its watch over the parent ends it."""
    hanging = """if True:
        import os, sys
        from bench.tracking import __main__
        from bench.tracking.database import reachable
        reachable.ANSWER = 600.0
        os._exit(__main__.main(sys.argv[1:]))
    """
    code = """if True:
        import subprocess, sys, time
        from pathlib import Path
        from bench.records.store import Store
        from bench.tracking import following
        from bench.tracking.follower import process
        popen = subprocess.Popen
        process.subprocess.Popen = lambda words, **more: popen([sys.executable, "-c", sys.argv[4], *words[3:]], **more)
        with following(Store(Path(sys.argv[1])), sys.argv[2]) as follower:
            Path(sys.argv[3]).write_text(str(follower.process.pid))
            time.sleep(600)
    """
    note = tmp_path / "pid"
    with silent_server() as address:
        words = [str(finished.root), address, str(note), hanging]
        parent = subprocess.Popen([sys.executable, "-c", code, *words], cwd=ROOT)
        _wait_until(lambda: note.exists() and note.read_text())
        writer = psutil.Process(int(note.read_text()))
        _wait_until(lambda: any(one.status == "ESTABLISHED" for one in writer.net_connections()))
        parent.kill()
        parent.wait()
        _wait_until(lambda: not writer.is_running() or writer.status() == psutil.STATUS_ZOMBIE)
    sync(finished, wait=1)  # its lock is free, and what it left can be completed
    assert is_current(finished)


def _wait_until(holds, seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
