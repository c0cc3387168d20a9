"""MLflow kept up to date while cells run, by one low-priority process that training never waits for."""

import contextlib
import importlib.util
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.records.reader import StoreReader
from bench.tracking.database import QUIET, absolute_uri, default_uri
from bench.tracking.projection import is_current
from bench.tracking.reachable import is_server
from bench.tracking.survey import survey

LOG_FILE, LOG_LIMIT = "mlflow.log", 1_000_000
SILENCE_SECONDS = 10.0
"""Seconds for which a process that neither works nor ends is waited for."""
FINISH_SECONDS = 120.0
"""Seconds for which one that works is."""
NOTICE_SECONDS = 2.0
"""Seconds after which a line says what is being waited for."""
BEAT = b"\0"
"""What the process writes now and then while it works."""


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
        command = [sys.executable, "-m", "bench.tracking", str(self.store.root.resolve()), str(os.getpid())]
        # One thread: numpy's pools would take cores from training.
        environment = {**QUIET, **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
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

    def finish(self, tell: Callable[[str], object] = lambda text: None, longest: float = FINISH_SECONDS) -> str | None:
        """Let it project the rest and end; None if all is well, else one sentence to show.

        Starts the process if there is something to project after all. It is waited for as long as it works, `longest`
        seconds at most, and if it does not, for `SILENCE`. tell: called with a line if that takes longer than a moment.
        """
        if not self.enabled:
            return None
        if self.process is None and not _current(self.store, self.tracking_uri):
            self.start()
        if self.process is None:
            return self.problem
        self._let_go()
        output, problem = self._last_words(self.process, tell, longest)
        self.close()
        if problem or self.process.poll() == 0:
            return problem
        return output or f"MLflow was not updated; see {self.store.root / LOG_FILE}, then run `bench sync`."

    def _last_words(
        self, process: subprocess.Popen, tell: Callable[[str], object], longest: float
    ) -> tuple[str, str | None]:
        """What the process says until it ends, and the problem if it does not."""
        assert process.stdout is not None
        began = last_output = time.monotonic()
        line, warned, pipe = b"", False, process.stdout.fileno()
        while True:
            if select.select([pipe], [], [], 0.2)[0]:
                words = os.read(pipe, 4096)
                if not words:
                    break
                line, last_output = line + words.replace(BEAT, b""), time.monotonic()
            now = time.monotonic()
            if now - last_output > SILENCE_SECONDS:
                return "", self._silent()
            if now - began > longest:
                return "", f"MLflow was not done within {longest:.0f} s; run `bench sync` to bring it up to date."
            if now - began > NOTICE_SECONDS and not warned:
                warned = True
                tell(f"waiting for {self._what} ...")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(NOTICE_SECONDS)
        return line.decode(errors="replace").strip(), None

    @property
    def _what(self) -> str:
        uri = self.tracking_uri or default_uri(self.store.root)
        return f"the MLflow {'server' if is_server(uri) else 'database'} {uri}"

    def _silent(self) -> str:
        again = f" --tracking-uri {self.tracking_uri}" if self.tracking_uri else ""
        return (
            f"{self._what[0].upper()}{self._what[1:]} has not answered for {SILENCE_SECONDS:.0f} s; the results are "
            f"safe in the store: check it, then run `bench sync{again}`."
        )

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
        path = self.store.root / LOG_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        full = path.exists() and path.stat().st_size > LOG_LIMIT
        return path.open("wb" if full else "ab")


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
