"""Locations of MLflow's database and of its artifacts: the store's own, and those that a user names."""

import os
from pathlib import Path

from bench.errors import UsageError
from bench.system.wording import shown
from bench.tracking.database.ledger import TOKEN
from bench.tracking.database.sqlite import query_sqlite, sqlite_path


def is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def default_uri(root: Path) -> str:
    """The store's own database."""
    return f"sqlite:///{(root / 'mlflow.db').resolve().as_posix()}"


def absolute_uri(uri: str) -> str:
    """The same database, named from the root of the file system: a relative name means another file elsewhere."""
    path = sqlite_path(uri)
    return uri if path is None else f"sqlite:///{Path(os.path.abspath(path)).as_posix()}"  # noqa: PTH100 - no links


def artifact_place(root: Path) -> str:
    """Where the runs' small files lie; MLflow would put them under the working directory."""
    return artifact_folder(root).as_uri()


def artifact_folder(root: Path) -> Path:
    """The same as a path."""
    return (root / "mlflow-artifacts").resolve()


def refuse_no_place(uri: str) -> None:
    """UsageError for an address that is none, or for a database in a folder that is not there: none is made."""
    path = sqlite_path(uri)
    if "://" not in uri or (uri.startswith("sqlite:") and (path is None or path.name in ("", ":memory:"))):
        raise UsageError(
            f"--tracking-uri {shown(uri)} is no address of a database or server; give sqlite:///FILE or "
            "http://HOST:PORT, or leave it out for a file in the store."
        )
    if path is not None and not path.parent.is_dir():
        raise UsageError(
            f"--tracking-uri {shown(uri)}: there is no folder {path.parent}; make it, or give another place."
        )


def set_moved_aside(uri: str, root: Path) -> None:
    """Rename the store's own database if its artifacts are elsewhere: the store was moved, and MLflow keeps full paths.

    The next sync makes a new one.
    """
    path = sqlite_path(uri)
    if path is None or uri != default_uri(root) or not path.exists():
        return
    query = "SELECT artifact_location FROM experiments JOIN experiment_tags USING (experiment_id) WHERE key LIKE ?"
    places = [place for (place,) in query_sqlite(path, query, f"{TOKEN}%") or ()]
    if any(not place.startswith(artifact_place(root)) for place in places):
        path.replace(path.with_name("mlflow.moved.db"))
