"""Reachability of an MLflow server or database: found within seconds and without importing MLflow."""

import sqlite3
import urllib.request
from contextlib import closing

from bench.errors import BenchError
from bench.tracking.database.location import is_server
from bench.tracking.database.sqlite import sqlite_path

ANSWER = 5.0
"""Seconds in which a server must say that it is there, or a database be free."""


class TrackingError(BenchError):
    """MLflow could not be brought up to date; the results in the store are not touched by that."""


def refuse_unreachable(uri: str) -> None:
    """TrackingError within seconds if nothing can be written there now; checked before MLflow is imported."""
    if is_server(uri):
        refuse_silence(uri)
    else:
        refuse_lock(uri)


def refuse_silence(uri: str) -> None:
    """TrackingError if nothing answers at the address; any answer counts, also a request for a password."""
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=ANSWER):
            return
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise TrackingError(
            f"The MLflow server {uri} does not answer ({reason}); the results are safe in the store: start the server, "
            "then run `bench sync --tracking-uri` with its address."
        ) from None


def refuse_lock(uri: str) -> None:
    """TrackingError if another program keeps the database locked; MLflow would try for more than a minute."""
    path = sqlite_path(uri)
    if path is None or not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=ANSWER, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise TrackingError(
                f"The MLflow database {path} has been locked by another program for {ANSWER:.0f} s; the results are "
                "safe in the store: close what uses it, then run `bench sync`."
            ) from None
    except sqlite3.DatabaseError:
        pass  # no database at all; opening it says so
