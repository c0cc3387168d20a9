"""MLflow's own server over a database, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.records.reader import StoreReader
from bench.tracking.database.client import NO_POOL, QUIET
from bench.tracking.database.location import artifact_place, default_uri
from bench.tracking.database.reachable import TrackingError
from bench.tracking.database.sqlite import sqlite_path

HOST = "127.0.0.1"
SERVER_LOG = "mlflow-ui.log"

START_SECONDS = 180.0
"""Seconds for the server to answer; it imports much."""


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen


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
    port = free_port(port)
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


def free_port(requested: int | None) -> int:
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
    raise TrackingError(f"The MLflow server did not start: {last_line(log)}.")


def last_line(log: Path) -> str:
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
