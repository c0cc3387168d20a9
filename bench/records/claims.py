"""Claims: which process holds a cell, by a lock of the operating system and a lease that others can read."""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.records import damage
from bench.records.cells import Cell
from bench.records.paths import refuse_links
from bench.system import files, locks
from bench.system.files import write_json


def live_lease(path: Path) -> Mapping[str, Any] | None:
    """The lease in a file, or None; one of a process of this machine that is gone does not count."""
    lease = damage.read_lease(path)
    if lease is None or lease["host"] != socket.gethostname():
        return lease
    try:
        alive = abs(psutil.Process(lease["pid"]).create_time() - lease["process_started"]) < 1
    except (psutil.Error, ValueError, OverflowError):
        alive = False
    return lease if alive else None


@contextmanager
def claimed(folder: Path, cell: Cell) -> Iterator[Path | None]:
    """The cell's folder, held for this process alone; None if another holds it.

    A killed process lets go of the lock at once, or within a minute on a disk without locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    refuse_links(folder)
    lock = locks.acquire(folder / "lock")
    if lock is None:
        yield None
        return
    try:
        started = psutil.Process().create_time()
        lease = {"host": socket.gethostname(), "pid": os.getpid(), "process_started": started, "at": time.time()}
        files.remove_leftovers(folder)
        write_json(folder / "lease.json", lease)
        if not damage.describes(folder / "cell.json", cell):
            write_json(folder / "cell.json", cell.to_json())
        yield folder
    finally:
        (folder / "lease.json").unlink(missing_ok=True)
        lock.release()
