"""A client of an MLflow database or server, with the library kept quiet and a database made where there is none."""

import functools
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.tracking.database.location import artifact_place, default_uri
from bench.tracking.database.reachable import TrackingError, refuse_unreachable
from bench.tracking.database.sqlite import sqlite_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

NO_POOL = {"MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool"}
"""For a server, whose connections nobody checks: one would go on reading a database file that was deleted."""

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # MLflow takes a connection some 18 times a run, and a new one reads the whole schema first.
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "QueuePool",
    # The server would start workers for jobs of which we have none.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Two lines for every run that is written to a server.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # By default each call to a server that is gone is retried for many minutes; with these settings, for ten seconds.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
}


def open_client(uri: str) -> "MlflowClient":
    """A client; the database is made if it is a file that does not exist. Call it under `single_writer`."""
    refuse_unreachable(uri)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise TrackingError(f"MLflow cannot be imported ({error}); install it with `pip install mlflow`.") from error
    path = sqlite_path(uri)
    if path is not None and not path.exists():
        create_database(path)
    if path is not None:
        _refuse_other_files(path)
        _watch_connections(path.resolve())
    return MlflowClient(uri)


def _refuse_other_files(path: Path) -> None:
    """At once, what MLflow would say after trying for more than a minute."""
    with path.open("rb") as file:
        head = file.read(16)
    if head and head != b"SQLite format 3\0":
        raise sqlite3.DatabaseError("file is not a database")


@functools.cache
def _watch_connections(path: Path) -> None:
    """Let this process write the database without waiting for the disk at each of MLflow's ten commits a run.

    A killed process loses nothing by that; after a power failure the database may be broken, and is rebuilt. A kept
    connection whose file was deleted or replaced is given up: it would go on writing into the old one.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.exc import DisconnectionError

    def connected(connection: Any, record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            files = {Path(file) for _, _, file in connection.execute("PRAGMA database_list") if file}
            if path in files:
                connection.execute("PRAGMA synchronous = OFF")
                record.info[path] = _file_number(path)

    def taken(_: Any, record: Any, proxy: Any) -> None:
        if record.info.get(path) != (_file_number(path) if path in record.info else None):
            raise DisconnectionError

    event.listen(Engine, "connect", connected)
    event.listen(Engine, "checkout", taken)


def _file_number(path: Path) -> int:
    """The file's inode, -1 if there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def create_database(path: Path) -> None:
    """A migrated, empty database. It is made beside its place: one that was cut off half-way could not be opened."""
    # Not through a client: it would give the default experiment a place under the working directory.
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".mlflow-") as folder:
        half = Path(folder) / "mlflow.db"
        SqlAlchemyStore(default_uri(half.parent), artifact_place(path.parent)).engine.dispose()
        half.replace(path)
