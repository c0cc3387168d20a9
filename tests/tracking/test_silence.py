"""Servers and databases that do not answer: a run waits ten seconds for them, says so, and names what is silent."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from helpers.store_factory import finish

from bench.records.store import Store
from bench.tracking import follow as follow_module
from bench.tracking import following, is_current, sync
from bench.tracking.database import absolute_uri
from bench.tracking.follow import BEAT, SILENCE_SECONDS, Follower
from bench.tracking.reachable import refuse_unreachable

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
    monkeypatch.setattr(follow_module, "SILENCE_SECONDS", BOUND)
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


def scripted(monkeypatch, store: Store, events: Iterable[tuple[float, bytes | None]]) -> Follower:
    """A follower whose process does what the script says, on a clock that nothing else moves.

    events: seconds until something happens, and what is heard then: None is nothing, no bytes the end.
    """
    clock, script, (reads, writes) = [0.0], iter(events), os.pipe()

    def select(pipes: list[int], *_: object) -> tuple[list[int], list, list]:
        seconds, words = next(script)
        clock[0] += seconds
        if words is None:
            return [], [], []
        if words:
            os.write(writes, words)
        else:
            os.close(writes)
        return pipes, [], []

    monkeypatch.setattr(follow_module, "select", SimpleNamespace(select=select))
    monkeypatch.setattr(follow_module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    follower = Follower(store)
    pipe = os.fdopen(reads, "rb")
    follower.process = SimpleNamespace(stdout=pipe, stdin=None, wait=lambda seconds: 1, poll=lambda: 1)
    return follower


def test_who_works_is_waited_for(finished, monkeypatch):
    beats = [(0.9 * SILENCE_SECONDS, BEAT)] * 10
    lines: list[str] = []
    assert scripted(monkeypatch, finished, [*beats, (1, b"at last"), (1, b"")]).finish(lines.append) == "at last"
    assert len(lines) == 1
    assert lines[0].startswith("waiting for the MLflow database sqlite:///")


def test_who_ends_soon_is_not_told_to_be_waited_for(finished, monkeypatch):
    lines: list[str] = []
    assert scripted(monkeypatch, finished, [(1, b"why"), (0.5, b"")]).finish(lines.append) == "why"
    assert not lines


def test_who_is_silent_is_not_waited_for(finished, monkeypatch):
    events = [(0.9 * SILENCE_SECONDS, BEAT), (0.9 * SILENCE_SECONDS, None), (0.2 * SILENCE_SECONDS, None)]
    problem = scripted(monkeypatch, finished, events).finish()
    assert problem.startswith("The MLflow database sqlite:///")
    assert "has not answered for 10 s; the results are safe in the store" in problem


def test_who_works_for_ever_is_not_waited_for(finished, monkeypatch):
    problem = scripted(monkeypatch, finished, [(5, BEAT)] * 13).finish(longest=60)
    assert problem == "MLflow was not done within 60 s; run `bench sync` to bring it up to date."


def test_the_writer_ends_with_its_parent_in_the_middle_of_a_call_that_hangs(finished, tmp_path):
    """It would hang for ten minutes: nothing but its watch over the parent ends it."""
    hanging = """if True:
        import os, sys
        from bench.tracking import __main__, reachable
        reachable.ANSWER = 600.0
        os._exit(__main__.main(sys.argv[1:]))
    """
    code = """if True:
        import subprocess, sys, time
        from pathlib import Path
        from bench.records.store import Store
        from bench.tracking import follow, following
        popen = subprocess.Popen
        follow.subprocess.Popen = lambda words, **more: popen([sys.executable, "-c", sys.argv[4], *words[3:]], **more)
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


@pytest.mark.parametrize(("given", "meant"), [("x.db", "{here}/x.db"), ("/data/x.db", "/data/x.db")])
def test_a_relative_database_is_the_users_wherever_the_writer_works(given, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = f"sqlite:///{meant.format(here=Path.cwd())}"
    follower = Follower(Store(tmp_path), f"sqlite:///{given}")
    monkeypatch.chdir("/")
    assert follower.tracking_uri == wanted
    assert absolute_uri("http://host:1") == "http://host:1"


def test_one_database_by_its_relative_and_its_whole_name(finished, tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    report = sync(finished, "sqlite:///link/x.db")
    assert report.uri == f"sqlite:///{tmp_path}/link/x.db", "as it was named: a link may be pointed elsewhere later"
    assert (tmp_path / "real" / "x.db").exists()
    assert is_current(finished, "sqlite:///link/x.db")
    monkeypatch.chdir("/")
    assert is_current(finished, f"sqlite:///{tmp_path}/link/x.db")
    assert sync(finished, f"sqlite:///{tmp_path}/link/x.db").created == 0
