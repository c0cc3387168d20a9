"""MLflow's own interface over the store's database, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.records.reader import StoreReader
from bench.studies.search.archive import archives
from bench.tracking.cells import experiment_name
from bench.tracking.database import NO_POOL, QUIET, artifact_place, default_uri
from bench.tracking.ledger import query_sqlite, sqlite_path
from bench.tracking.projection import is_current, sync
from bench.tracking.reachable import TrackingError
from bench.tracking.views import METHODS_VIEW, PREFIX, TUNED_VIEW, address

HOST = "127.0.0.1"
SERVER_LOG = "mlflow-ui.log"
START_SECONDS = 180.0
"""Seconds for the server to answer; it imports much."""


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen


def ui(store: StoreReader, port: int | None = None, announce: Callable[[str], object] = lambda line: None) -> None:
    """Bring the database up to date and serve it until Ctrl-C. Without `port` a free one is taken.

    announce: gets one line after another: what is wrong, the address, and where each experiment's figure is.
    """
    if port is not None:
        _port(port)
    refresh(store, announce)
    with suppress(KeyboardInterrupt), _ending_on_sigterm(), serving(store, port) as server:
        announce(f"MLflow: {server.url}  (Ctrl-C ends it)")
        for name, url in experiment_pages(store, server.url):
            announce(f"  {name}: {url}")
        server.process.wait()
        raise TrackingError(f"The MLflow server has ended: {_last_words(store.root / SERVER_LOG)}.")


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """A polite kill ends the block like Ctrl-C, so that no server is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def refresh(store: StoreReader, announce: Callable[[str], object]) -> None:
    """Project what is not projected yet. An old database is still shown if that fails."""
    if not (store.root / "mlflow.db").exists():
        refuse_nothing(store)
    if is_current(store):
        return
    try:
        announce(str(sync(store, wait=5)))
    except TrackingError as error:
        if not (store.root / "mlflow.db").exists():
            raise
        announce(f"warning: what MLflow shows may be old. {error}")


def refuse_nothing(store: StoreReader) -> None:
    """UsageError for a folder that holds nothing that could be projected: it may be a slip, and none is made."""
    if not store.sweeps() and not store.keys() and not any(archives(store.root)):
        raise UsageError(f"There is nothing in {store.root} to show yet; start with `bench run`, or give --results.")


def experiment_pages(store: StoreReader, url: str) -> list[tuple[str, str]]:
    """The experiments that have saved views: their names and the address of the figure, the newest sweep's first.

    After them come those with a tuning, whose figure is the one over the budget.
    """
    path = sqlite_path(default_uri(store.root))
    query = "SELECT name, experiment_id FROM experiments JOIN experiment_tags USING (experiment_id) WHERE key = ?"
    ids, tuned = (dict(query_sqlite(path, query, PREFIX + v) or []) if path else {} for v in (METHODS_VIEW, TUNED_VIEW))
    newest = [experiment_name(record.dataset, record.protocol) for record in reversed(store.sweeps())]
    ordered = [name for name in dict.fromkeys(newest) if name in ids]
    pages = [(name, address(url, str(ids[name]), METHODS_VIEW, chart=True)) for name in ordered]
    return [*pages, *((name, address(url, str(one), TUNED_VIEW, chart=True)) for name, one in tuned.items())]


@contextmanager
def serving(store: StoreReader, port: int | None = None) -> Iterator[Server]:
    """A server over the store's database that answers, stopped at the end of the block."""
    uri = default_uri(store.root)
    path = sqlite_path(uri)
    if path is None or not path.exists():
        raise UsageError(f"There is no MLflow database in {store.root} yet; make it with `bench sync` or `bench run`.")
    with started(uri, artifact_place(store.root), store.root / SERVER_LOG, port) as server:
        yield server


@contextmanager
def started(database: str, artifacts: str, log: Path, port: int | None = None) -> Iterator[Server]:
    """A server over any database, on this machine only."""
    port = _port(port)
    command = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", database, "--host", HOST, "--port", str(port),
        "--artifacts-destination", artifacts, "--workers", "1",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **QUIET, **NO_POOL},
            start_new_session=True,  # Ctrl-C reaches us alone, and we end all of its processes
        )
    try:
        server = Server(f"http://{HOST}:{port}", process)
        _wait_until_it_answers(server, log)
        yield server
    finally:
        _stop(process)


def _port(requested: int | None) -> int:
    """`wanted` if it is free, else any free one if none was wanted."""
    with socket.socket() as probe:
        # A port on which the last server's connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, requested or 0))
        except OSError as error:
            raise UsageError(f"Port {requested} cannot be used ({error.strerror}); choose another, or none.") from None
        return probe.getsockname()[1]


def _wait_until_it_answers(server: Server, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TrackingError(f"The MLflow server did not start: {_last_words(log)}.")


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    return f"{lines[-1].strip()} (see {log})"


def _stop(process: subprocess.Popen) -> None:
    """End the server and the workers it started."""

    def send(name: str) -> None:
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, getattr(signal, name))
        else:
            process.terminate()

    send("SIGTERM")
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        send("SIGKILL")
        process.wait()
