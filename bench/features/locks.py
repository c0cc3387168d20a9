"""Shared and exclusive holds on a folder, released by the operating system when a process dies."""

import fcntl
import os
from pathlib import Path

from filelock import BaseFileLock

from bench.errors import DataError
from bench.system import locks


class Hold:
    """A hold on a folder that ends with `release` or its `with` block, with the object, or with the process.

    Processes that read hold it together; one that writes or removes holds it alone. `filelock` has no shared holds.
    On a disk without locks, one that writes has a lease, and readers hold nothing.
    """

    def __init__(self, descriptor: int | None, lease: BaseFileLock | None = None):
        self._descriptor, self._lease = descriptor, lease

    def release(self) -> None:
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # also for children that were forked meanwhile
        if self._lease is not None:
            self._lease.release()
        self.__del__()

    def __del__(self) -> None:
        # Closed only, not unlocked: in a forked child this must not end the parent's hold.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


def is_held(folder: Path) -> bool:
    """Whether any process holds the folder now, alone or together; asking leaves no trace."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # a network disk that wants to be written to for this
    finally:
        os.close(descriptor)
    return False


def hold(folder: Path, *, alone: bool) -> Hold | None:
    """A hold on an existing folder, or None while another process's is in the way (or the folder is just vanishing)."""
    path = folder / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except FileNotFoundError:
        return None
    except OSError as error:
        if alone:
            problem = f"cannot be written ({error.strerror})"
            raise DataError(f"the cache folder {folder} {problem}; give another one with --cache.") from None
        return Hold(None)  # a cache that this user may only read; nobody without rights to it removes it either
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        # Whoever removes a folder holds its lock: what was got here may be the lock of a folder that is gone.
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return Hold(descriptor)
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        if error.errno not in locks.NO_LOCKS:
            raise
        os.close(descriptor)
        return _hold_without_locks(path, alone)
    os.close(descriptor)
    return None


def _hold_without_locks(path: Path, alone: bool) -> Hold | None:
    if not alone:
        return Hold(None)
    lease = locks.acquire(path)
    return None if lease is None else Hold(None, lease)
