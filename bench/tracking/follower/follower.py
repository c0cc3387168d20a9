"""MLflow kept up to date while cells run, by one low-priority process that training never waits for."""

import contextlib
import importlib.util
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.records.reader import StoreReader
from bench.tracking.database.location import absolute_uri, default_uri, is_server
from bench.tracking.database.reachable import TrackingError
from bench.tracking.follower.process import LOG_FILE, started_process
from bench.tracking.follower.waiting import last_words
from bench.tracking.projection import is_current
from bench.tracking.runs.survey import survey

FINISH_SECONDS = 120.0
"""Seconds for which a process that works is waited for."""


class Follower:
    """The writing process, seen from the run. Nothing here raises: what goes wrong comes back from `finish`."""

    def __init__(self, store: StoreReader, tracking_uri: str | None = None, enabled: bool = True):
        self.store, self.enabled = store, enabled
        # The process works in another folder than the user.
        self.tracking_uri = tracking_uri and absolute_uri(tracking_uri)
        self.process: subprocess.Popen | None = None
        self.problem: str | None = None

    def start(self) -> None:
        """Start the process, unless it runs or cannot."""
        if not self.enabled or self.process or self.problem:
            return
        if importlib.util.find_spec("mlflow") is None:
            self.problem = "MLflow is not installed, so nothing was projected; `pip install mlflow`, then `bench sync`."
            return
        try:
            self.process = started_process(self.store.root, self.tracking_uri)
        except OSError as error:
            self.problem = f"MLflow was not updated: its process could not be started ({error}); run `bench sync`."

    def finish(self, tell: Callable[[str], object] = lambda text: None, longest: float = FINISH_SECONDS) -> str | None:
        """Let it project the rest and end; None if all is well, else one sentence to show.

        Starts the process if there is something to project after all. It is waited for as long as it works, `longest`
        seconds at most, and if it does not, for `SILENCE_SECONDS`. tell: called with a line if that takes more than a
        moment.
        """
        if not self.enabled:
            return None
        if self.process is None and not _current(self.store, self.tracking_uri):
            self.start()
        if self.process is None:
            return self.problem
        self._let_go()
        uri = self.tracking_uri or default_uri(self.store.root)
        database = f"the MLflow {'server' if is_server(uri) else 'database'} {uri}"
        again = f"bench sync --tracking-uri {self.tracking_uri}" if self.tracking_uri else "bench sync"
        try:
            output = last_words(self.process, database, again, tell, longest)
        except TrackingError as error:
            return str(error)
        finally:
            self.close()
        if self.process.poll() == 0:
            return None
        return output or f"MLflow was not updated; see {self.store.root / LOG_FILE}, then run `bench sync`."

    def close(self) -> None:
        """Tell the process to do its last pass, without waiting for it."""
        self._let_go()
        if self.process and self.process.stdout and self.process.poll() is not None:
            self.process.stdout.close()

    def _let_go(self) -> None:
        if self.process and self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()


@contextmanager
def following(store: StoreReader, tracking_uri: str | None = None, enabled: bool = True) -> Iterator[Follower]:
    """Project the store into MLflow while the block runs.

    No process is started if the newest sweep is done and projected already. At the end of the block the process is
    stopped without waiting; call `finish` inside the block to wait and to learn what went wrong.
    """
    follower = Follower(store, tracking_uri, enabled)
    if enabled and (_unfinished(store) or not _current(store, tracking_uri)):
        follower.start()
    try:
        yield follower
    finally:
        follower.close()


def _current(store: StoreReader, tracking_uri: str | None) -> bool:
    try:
        return is_current(store, tracking_uri)
    except (OSError, ValueError, KeyError):
        return False  # the process will look again, and say what is wrong


def _unfinished(store: StoreReader) -> bool:
    try:
        surveyed = survey(store)
    except (OSError, ValueError, KeyError):
        return True
    return any(record.id == surveyed.newest and not surveyed.finished(record) for record in surveyed.sweeps)
