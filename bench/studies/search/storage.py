"""Storage of searches, and the locks of drivers that share one."""

import contextlib
import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import optuna
from filelock import FileLock
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.storages import BaseStorage

from bench.errors import UsageError
from bench.records.paths import refuse_links

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.filterwarnings("ignore", category=ExperimentalWarning)

STORAGE_POLL_SECONDS = 0.05
STALE_SECONDS = 120.0
"""Nobody holds a place for longer: what is older was left by a driver that died within."""

MADE_MEANWHILE = ("already exists", "duplicate key", "unique constraint", "deadlock", "locked")
"""What databases say to the slower of two that make the same tables."""

JOURNAL, LOCK = "journal.log", "lock"


class StudyLocation:
    """A storage and a way to be alone in it. folder: the search's, where a journal and its lock are."""

    def __init__(self, folder: Path, url: str | None):
        refuse_links(folder)
        self.folder, self.url = folder, url
        self.storage = _open(folder, url)
        folder.mkdir(parents=True, exist_ok=True)

    def alone(self, name: str) -> AbstractContextManager[None]:
        """While the block runs no other driver is inside a block of the same name."""
        return _file_lock(self.folder / LOCK) if self.url is None else _study_lock(self.storage, f"{name}.lock")


def _open(folder: Path, url: str | None) -> BaseStorage:
    """A journal file under the store, or a storage that Optuna reaches by a URL; UsageError if it cannot be opened."""
    if url is None:
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        folder.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    try:
        return _connected(_with_driver(url))
    except ImportError as error:
        raise UsageError(
            f"--storage {hidden(url)} needs a package that is not installed ({error.name or error}); for PostgreSQL "
            "`pip install '.[postgres]'` in a copy of the repository."
        ) from None
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(
            f"--storage {hidden(url)} cannot be opened ({reason}); give an Optuna storage URL such as "
            "postgresql://user@host/database, or leave it out for a file in the store."
        ) from None


def refuse_memory(url: str) -> None:
    """UsageError for a database without a file, which would be gone with this process."""
    scheme, separator, place = url.partition("://")
    path = place.partition("?")[0].strip("/")
    if separator and scheme.partition("+")[0] == "sqlite" and (not path or ":memory:" in place):
        raise UsageError(
            f"--storage {hidden(url)} names no file, so that nothing would be kept; give one, such as "
            "sqlite:///search.db, or leave it out for a file in the store."
        )


def _connected(url: str) -> BaseStorage:
    """The storage; drivers that make its tables at the same moment disturb each other, so that is tried again."""
    for pause in (0.2, 0.5, 1.0, 2.0):
        try:
            return optuna.storages.get_storage(url)
        except ImportError:
            raise
        except Exception as error:
            if not any(word in str(error).lower() for word in MADE_MEANWHILE):
                raise
            time.sleep(pause)
    return optuna.storages.get_storage(url)


def _with_driver(url: str) -> str:
    """PostgreSQL by psycopg, whose name SQLAlchemy requires; other URLs as they are."""
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return f"postgresql+psycopg://{url.removeprefix(short)}"
    return url


def hidden(url: str) -> str:
    """The URL without its password.

    >>> hidden("postgresql://me:secret@host/db")
    'postgresql://me:***@host/db'
    """
    scheme, separator, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    if not (separator and at and ":" in user):
        return url
    return f"{scheme}://{user.partition(':')[0]}:***@{place}"


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with FileLock(path):
        yield


@contextmanager
def _study_lock(storage: BaseStorage, name: str) -> Iterator[None]:
    """A study that only one driver can create, since names are unique in every storage; deleted at the end.

    Each creation has an identity of its own, so that breaking a stale lock can never break a later one.
    """
    last_beat, since = None, time.monotonic()
    while True:
        try:
            own = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE], name)
            break
        except DuplicatedStudyError:
            time.sleep(STORAGE_POLL_SECONDS)
        try:
            held = storage.get_study_id_from_name(name)
        except KeyError:
            continue
        if held != last_beat:
            last_beat, since = held, time.monotonic()
        elif time.monotonic() - since > STALE_SECONDS:
            with contextlib.suppress(KeyError):
                storage.delete_study(held)
    try:
        yield
    finally:
        with contextlib.suppress(KeyError):
            storage.delete_study(own)
