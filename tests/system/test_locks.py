"""Locks between processes, with those of the operating system and on a disk that has none."""

import errno
import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from helpers.no_locks import take_locks_away

from bench.system import locks

FORK = multiprocessing.get_context("fork")


@pytest.fixture(params=["locks", "no locks"])
def path(request, tmp_path, monkeypatch) -> Path:
    if request.param == "no locks":
        take_locks_away(monkeypatch)
    return tmp_path / "lock"


def _take_and_die(path: Path) -> None:
    lock = locks.acquire(path)
    assert lock
    os.kill(os.getpid(), signal.SIGKILL)


def _take_elsewhere(path: Path) -> None:
    """As a process of another machine does that is killed there."""
    socket.gethostname = lambda: "another-machine"
    _take_and_die(path)


def run(work, path: Path) -> None:
    process = FORK.Process(target=work, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_one_at_a_time(path):
    lock = locks.acquire(path)
    assert lock is not None
    assert locks.acquire(path) is None
    lock.release()
    again = locks.acquire(path)
    assert again is not None
    again.release()
    assert {child.name for child in path.parent.iterdir()} == {"lock"}, "no lease is left"


def test_a_killed_process_of_this_machine_holds_nothing(path):
    run(_take_and_die, path)
    lock = locks.acquire(path)
    assert lock is not None
    lock.release()


def test_a_lease_of_another_machine_ends_when_nobody_renews_it(tmp_path, monkeypatch):
    take_locks_away(monkeypatch)
    monkeypatch.setattr(locks, "RENEWED_WITHIN", 0.3)
    path = tmp_path / "lock"
    run(_take_elsewhere, path)
    assert locks.acquire(path) is None, "nobody can tell yet whether it lives"
    end = time.monotonic() + 60
    while (lock := locks.acquire(path)) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    lock.release()


def test_a_lease_that_is_renewed_is_nobody_elses(tmp_path, monkeypatch):
    take_locks_away(monkeypatch)
    monkeypatch.setattr(locks, "RENEWED_WITHIN", 0.3)
    lock = locks.acquire(tmp_path / "lock")
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        assert locks.acquire(tmp_path / "lock") is None
        time.sleep(0.05)
    lock.release()


def test_another_refusal_is_no_missing_lock(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match="Input/output"):
        locks.acquire(tmp_path / "lock")
