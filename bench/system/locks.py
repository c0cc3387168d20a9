"""Exclusive locks: those of the operating system, or leases where a disk has none."""

import errno
import os
import threading
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLease, Timeout

NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
"""What `flock` answers on a disk without locks, such as Lustre that is mounted without them."""

RENEWED_WITHIN = 60.0
"""After so long without a sign of life of its holder, a lease is taken over."""

_contended: dict[Path, SoftFileLease] = {}
_turn = threading.Lock()
os.register_at_fork(after_in_child=_contended.clear)


def acquire(path: Path) -> BaseFileLock | None:
    """The lock at `path`, held until its `release`; None while another process holds it.

    The operating system lets go of a lock when its process ends, on whichever machine. On a disk without locks there
    is a file `path`.lease instead, which a thread of its holder renews: when the holder is killed, processes on other
    machines have to see for a minute that nobody does.
    """
    lock = FileLock(path, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        return _acquire_lease(path.with_name(f"{path.name}.lease"))
    return lock


def _acquire_lease(path: Path) -> SoftFileLease | None:
    """The lease, or None; one object watches a path as long as others hold it, since it counts the seconds."""
    with _turn:
        lease = _contended.pop(path, None) or SoftFileLease(path, lease_duration=RENEWED_WITHIN, thread_local=False)
        try:
            lease.acquire(timeout=0)
        except Timeout:
            _contended[path] = lease
            return None
        return lease
