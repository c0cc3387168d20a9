"""A disk without locks, as Lustre is where it is mounted without them."""

import errno
import fcntl
from typing import Any, NoReturn

import pytest


def _refuse(*arguments: Any) -> NoReturn:
    raise OSError(errno.ENOSYS, "Function not implemented")


def take_locks_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process and its forks, `flock` answers what it does on such a disk."""
    monkeypatch.setattr(fcntl, "flock", _refuse)
