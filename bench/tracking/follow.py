"""MLflow kept up to date while cells run, by one low-priority process that training never waits for."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.records.store import Store
from bench.tracking.database import QUIET
from bench.tracking.projection import is_current
from bench.tracking.survey import survey

LOG, LOG_LIMIT = "mlflow.log", 1_000_000


class Follower:
    """The writing process, seen from the run. Nothing here raises: what goes wrong comes back from `finish`."""

    def __init__(self, store: Store, tracking_uri: str | None = None, enabled: bool = True):
        self.store, self.tracking_uri, self.enabled = store, tracking_uri, enabled
        self.process: subprocess.Popen | None = None
        self.problem: str | None = None

    def start(self) -> None:
        """Start the process, unless it runs or cannot."""
        if not self.enabled or self.process or self.problem:
            return
        if importlib.util.find_spec("mlflow") is None:
            self.problem = "MLflow is not installed, so nothing was projected; `pip install mlflow`, then `bench sync`."
            return
        command = [sys.executable, "-m", "bench.tracking", str(self.store.root.resolve()), str(os.getpid())]
        # One thread: numpy's pools would take cores from training.
        environment = {**os.environ, **QUIET, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        try:
            with self._log() as log:
                self.process = subprocess.Popen(
                    [*command, *([self.tracking_uri] if self.tracking_uri else [])],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=Path(__file__).parents[2],  # where `bench` is found, installed or not
                    env=environment,
                    start_new_session=True,  # Ctrl-C is for the run; this process ends when the run closes its pipe
                )
        except OSError as error:
            self.problem = f"MLflow was not updated: its process could not be started ({error}); run `bench sync`."

    def finish(self, timeout: float = 120.0) -> str | None:
        """Let it project the rest and end; None if all is well, else one sentence to show.

        Starts the process if there is something to project after all; it goes on by itself after `timeout` seconds.
        """
        if not self.enabled:
            return None
        if self.process is None and not _current(self.store, self.tracking_uri):
            self.start()
        if self.process is None:
            return self.problem
        self._let_go()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return f"MLflow is still being written in the background; see {self.store.root / LOG}."
        said = self.process.stdout.read().decode(errors="replace").strip() if self.process.stdout else ""
        self.close()
        if self.process.returncode == 0:
            return None
        return said or f"MLflow was not updated; see {self.store.root / LOG}, then run `bench sync`."

    def close(self) -> None:
        """Tell the process to do its last pass, without waiting for it."""
        self._let_go()
        if self.process and self.process.stdout and self.process.poll() is not None:
            self.process.stdout.close()

    def _let_go(self) -> None:
        if self.process and self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def _log(self):
        path = self.store.root / LOG
        path.parent.mkdir(parents=True, exist_ok=True)
        full = path.exists() and path.stat().st_size > LOG_LIMIT
        return path.open("wb" if full else "ab")


@contextmanager
def following(store: Store, tracking_uri: str | None = None, enabled: bool = True) -> Iterator[Follower]:
    """Project the store into MLflow while the block runs.

    No process is started if the newest sweep is done and projected already. On leaving, the process is told to end
    and not waited for; call `finish` inside the block to wait and to learn what went wrong.
    """
    follower = Follower(store, tracking_uri, enabled)
    if enabled and (_unfinished(store) or not _current(store, tracking_uri)):
        follower.start()
    try:
        yield follower
    finally:
        follower.close()


def _current(store: Store, tracking_uri: str | None) -> bool:
    try:
        return is_current(store, tracking_uri)
    except (OSError, ValueError, KeyError):
        return False  # the process will look again, and say what is wrong


def _unfinished(store: Store) -> bool:
    try:
        seen = survey(store)
    except (OSError, ValueError, KeyError):
        return True
    return any(record.id == seen.newest and not seen.finished(record) for record in seen.sweeps)
