"""Errors of disks that are full, read-only or not writable for this user, in one sentence instead of a traceback."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import DataError

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class DiskError(DataError):
    """A disk that is full or refuses: the file is not at fault, and the next one would fail too."""


class RefusedError(DiskError):
    """A place that this user may not write, such as a colleague's store; what is there can be read."""


@contextmanager
def if_allowed() -> Iterator[None]:
    """For writing a cache: skipped where this user may not write."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSED:
            raise


def refuse_unwritable(folder: Path) -> None:
    """RefusedError if nothing can be written into the folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in REFUSED:
            raise RefusedError(f"{folder} cannot be written ({error.strerror}); give --out DIR.") from None
        raise
    if not os.access(folder, os.W_OK):
        raise RefusedError(f"{folder} cannot be written; give --out DIR.")


def disk_error(error: OSError, place: Path | str = "") -> DiskError | None:
    """The sentence for what a file system refused; None for an OSError of another kind, such as a network's.

    place: what to call full, where the error does not say.
    """
    where = error.filename or place
    if error.errno in FULL:
        return DiskError(
            f"the disk of {where or 'a file'} is full; what is finished is kept: make room, then give the same command "
            "again."
        )
    if not where or error.errno is None:
        return None
    if error.errno in REFUSED:
        return DiskError(
            f"{where} cannot be read or written ({error.strerror}); change its rights, or give another place with "
            "--results, --cache or --out."
        )
    return DiskError(f"{where} cannot be used ({error.strerror}); mend it, or give another place.")


def is_of_disk(error: BaseException, root: Path) -> bool:
    """Whether it is the disk's fault: full, or a file under `root` that may not be written."""
    if isinstance(error, DiskError):
        return True
    if not isinstance(error, OSError):
        return False
    own = error.filename is not None and Path(str(error.filename)).is_relative_to(root)
    return error.errno in FULL or (own and error.errno in (*REFUSED, errno.EIO))


@contextmanager
def raising_disk_errors(place: Path) -> Iterator[None]:
    """DiskError instead of what the file system raises inside the block."""
    try:
        yield
    except OSError as error:
        message = disk_error(error, place)
        if message is None:
            raise
        raise message from error
