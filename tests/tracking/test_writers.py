"""Writers that are killed, that meet, and that run beside a sweep."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from filelock import FileLock
from helpers.store_factory import append_curve, curve, finish, running, save_sweep

from bench.tracking import TrackingError, following, is_current, sync

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
"""Seconds: more than a busy machine takes for anything here."""

SYNC = """
import sys
from pathlib import Path
from bench.records.store import Store
from bench.tracking import sync
sync(Store(Path(sys.argv[1])))
"""

KILLED_AT_CALL = """
import os, signal, sys
from mlflow import MlflowClient
calls = 0
def deadly(method):
    def wrapper(*arguments, **named):
        global calls
        calls += 1
        if calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments, **named)
    return wrapper
for name in ("create_run", "log_batch", "log_inputs", "log_artifacts", "set_terminated"):
    setattr(MlflowClient, name, deadly(getattr(MlflowClient, name)))
"""


def python(code: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until(condition, seconds: float = PATIENCE) -> None:
    """Generous: the process that is waited for has the lowest priority on a machine that may be busy."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


class Interruption(BaseException):
    """Ends a sync where it stands, as a kill would."""


def test_a_sync_that_is_cut_off_anywhere_is_completed_by_the_next(finished, content, expected, monkeypatch):
    from mlflow import MlflowClient

    names = ("create_run", "log_batch", "log_inputs", "log_artifacts", "set_terminated")
    calls = {"left": 0}

    def deadly(method):
        def wrapper(*arguments, **named):
            calls["left"] -= 1
            if calls["left"] == 0:
                raise Interruption
            return method(*arguments, **named)

        return wrapper

    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(MlflowClient, name, deadly(getattr(MlflowClient, name)))
        for left in range(1, 8):
            calls["left"] = left
            with pytest.raises(Interruption):
                sync(finished)
    sync(finished)
    assert content(finished).everything() == expected


def test_a_killed_writer_leaves_nothing_to_mend_by_hand(finished, content, expected):
    process = python(KILLED_AT_CALL + SYNC, finished.root, 13)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    assert 0 < len(content(finished).units) < len(expected)
    assert not is_current(finished)
    sync(finished)
    assert content(finished).everything() == expected


def test_two_writers_at_once_write_once(finished, content, expected):
    processes = [python(SYNC, finished.root) for _ in range(2)]
    assert [process.wait(PATIENCE) for process in processes] == [0, 0]
    assert content(finished).everything() == expected


def test_a_writer_that_may_not_wait_yields(finished):
    with (
        FileLock(finished.root / "mlflow.lock"),
        pytest.raises(TrackingError, match="Another process has been writing"),
    ):
        sync(finished, wait=0)


def test_a_locked_database_is_one_clear_sentence(finished, monkeypatch):
    monkeypatch.setattr("bench.tracking.database.reachable.ANSWER", 0.2)
    connection = sqlite3.connect(finished.root / "mlflow.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TrackingError, match=r"mlflow.db has been locked by another program .* `bench sync`"):
            sync(finished)
    finally:
        connection.close()


def test_a_run_is_followed_to_its_end(empty, content, grid):
    save_sweep(empty, grid)
    first, *others = grid.cells()
    with following(empty) as follower:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, follower.process.pid) >= own
        with running(empty, first, epochs=1) as folder:
            wait_until(lambda: f"cell:{first.key}" in content(empty).units)
            append_curve(folder, curve(first)[1:2])
            wait_until(lambda: ("curve/mAP", 2) in content(empty).points(f"cell:{first.key}"))
        assert os.getpriority(os.PRIO_PROCESS, follower.process.pid) == min(own + 10, 19)
        finish(empty, first)
        for cell in others:
            finish(empty, cell)
        assert follower.finish() is None
    assert follower.process.returncode == 0
    assert is_current(empty)
    database = content(empty)
    assert {database.run(unit)["status"] for unit in database.units} == {"FINISHED"}
    assert "runs created" in (empty.root / "mlflow.log").read_text()


def test_a_projected_sweep_needs_no_process(finished):
    sync(finished)
    with following(finished) as follower:
        assert follower.process is None
        assert follower.finish() is None
    assert follower.process is None
    with following(finished, enabled=False) as follower:
        (finished.root / "mlflow.db").unlink()
        assert follower.finish() is None
    assert follower.process is None


def test_what_changed_without_a_process_is_still_projected_at_the_end(finished, grid):
    sync(finished)
    with following(finished) as follower:
        finish(finished, grid.cells()[0], attempt=1)
        assert follower.process is None
        assert follower.finish() is None
    assert is_current(finished)


def test_a_broken_database_ends_in_one_sentence(finished, grid):
    (finished.root / "mlflow.db").write_bytes(b"this is no database at all" * 100)
    with following(finished) as follower:
        finish(finished, grid.cells()[0], attempt=1)
        problem = follower.finish()
    assert problem.startswith("The MLflow database sqlite:///")
    assert "bench sync" in problem
    assert "Traceback" in (finished.root / "mlflow.log").read_text()


def test_without_mlflow_there_is_one_sentence(finished, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with following(finished) as follower:
        assert "pip install mlflow" in follower.finish()


def test_a_run_that_dies_leaves_no_process_and_what_the_next_writer_completes(finished, content):
    code = """if True:
        import os, signal, sys, time
        from pathlib import Path
        from bench.records.store import Store
        from bench.tracking import following
        with following(Store(Path(sys.argv[1]))) as follower:
            Path(sys.argv[2]).write_text(str(follower.process.pid))
            time.sleep(600)
    """
    note = finished.root.parent / "pid"
    parent = python(code, finished.root, note)
    wait_until(lambda: note.exists() and note.read_text())
    writer = psutil.Process(int(note.read_text()))
    parent.kill()
    parent.wait()
    wait_until(lambda: not writer.is_running() or writer.status() == psutil.STATUS_ZOMBIE)
    sync(finished, wait=1)
    assert is_current(finished)
    assert len(content(finished).units) == 9
