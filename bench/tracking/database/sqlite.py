"""SQLite databases, read without MLflow and unchanged."""

import sqlite3
from pathlib import Path


def sqlite_path(uri: str) -> Path | None:
    """The file behind a sqlite URI, None for servers."""
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None


def query_sqlite(path: Path, query: str, *values: str) -> list[tuple] | None:
    """The result of a query on a sqlite database, read without MLflow and unchanged; None if it is no such database."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return None
