"""MLflow's own interface over the store's database, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.store import Store
from bench.tracking.database import QUIET, TrackingError, artifact_place, default_uri
from bench.tracking.ledger import sqlite_path

HOST = "127.0.0.1"
LOG = "mlflow-ui.log"
PATIENCE = 180.0
"""Seconds for the server to answer; it imports much."""


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen

    def wait(self) -> None:
        """Until the server ends by itself, or Ctrl-C."""
        with suppress(KeyboardInterrupt):
            self.process.wait()


def ui(store: Store, port: int | None = None, announce: Callable[[str], object] = lambda url: None) -> None:
    """Serve until Ctrl-C; `announce(url)` is called once the server answers. Without `port` a free one is taken."""
    with serving(store, port) as server:
        announce(server.url)
        server.wait()


@contextmanager
def serving(store: Store, port: int | None = None) -> Iterator[Server]:
    """A server that answers, stopped at the end of the block."""
    uri = default_uri(store.root)
    path = sqlite_path(uri)
    if path is None or not path.exists():
        raise UsageError(f"There is no MLflow database in {store.root} yet; make it with `bench sync` or `bench run`.")
    port = _port(port)
    command = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--host", HOST, "--port", str(port),
        "--artifacts-destination", artifact_place(store.root), "--workers", "1",
    ]  # fmt: skip
    log = store.root / LOG
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **QUIET},
            start_new_session=True,  # Ctrl-C reaches us alone, and we end all of its processes
        )
    try:
        server = Server(f"http://{HOST}:{port}", process)
        _wait_until_it_answers(server, log)
        yield server
    finally:
        _stop(process)


def _port(wanted: int | None) -> int:
    """`wanted` if it is free, else any free one if none was wanted."""
    with socket.socket() as probe:
        # A port on which the last server's connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise UsageError(f"Port {wanted} cannot be used ({error.strerror}); choose another, or none.") from None
        return probe.getsockname()[1]


def _wait_until_it_answers(server: Server, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    raise TrackingError(f"The MLflow server did not start: {lines[-1].strip()} (see {log}).")


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
