import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from helpers.store_factory import Grid, make_store

from bench.records.store import Store
from bench.tracking import sync
from bench.tracking.database.client import QUIET, create_database

for name, value in QUIET.items():
    os.environ.setdefault(name, value)

GRID = Grid(methods=("trm_ml", "asl", "clip_zero_shot"), percents=(10, 50), epochs=4)


@pytest.fixture(scope="session")
def grid() -> Grid:
    """What `finished` asked for: five cells, since one fills two places."""
    return GRID


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    """A migrated, empty database: making one takes seconds, copying it nothing."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    create_database(path)
    return path


@pytest.fixture
def quick_database(template, monkeypatch) -> None:
    """New databases are copies of the template."""
    monkeypatch.setattr("bench.tracking.database.client.create_database", lambda path: shutil.copy(template, path))


@pytest.fixture
def empty(template, tmp_path) -> Store:
    """A store without cells, its database ready."""
    root = tmp_path / "results"
    root.mkdir()
    shutil.copy(template, root / "mlflow.db")
    return Store(root)


@pytest.fixture(scope="session")
def _finished(tmp_path_factory) -> Store:
    return make_store(tmp_path_factory.mktemp("finished") / "results", GRID)[0]


@pytest.fixture
def finished(_finished, template, tmp_path) -> Store:
    """A store with a finished sweep that was not projected yet, its database ready."""
    shutil.copytree(_finished.root, tmp_path / "results")
    shutil.copy(template, tmp_path / "results" / "mlflow.db")
    return Store(tmp_path / "results")


@pytest.fixture(scope="session")
def expected(_finished, template, tmp_path_factory) -> dict:
    """What an undisturbed sync of `finished` gives."""
    twin = Store(tmp_path_factory.mktemp("twin") / "results")
    shutil.copytree(_finished.root, twin.root)
    shutil.copy(template, twin.root / "mlflow.db")
    sync(twin)
    return Content(twin).everything()


class Content:
    """What an MLflow database holds, read without MLflow; run and experiment ids are left out."""

    def __init__(self, store: Store):
        self.path = store.root / "mlflow.db"

    def ask(self, query: str, *values) -> list[tuple]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    @property
    def units(self) -> dict[str, str]:
        """Run ids by unit; a unit has one active run."""
        query = (
            "SELECT value, run_uuid FROM tags JOIN runs USING (run_uuid) WHERE key = 'bench.unit' "
            "AND lifecycle_stage = 'active'"
        )
        result = self.ask(query)
        assert len(dict(result)) == len(result), "a unit was projected twice"
        return dict(result)

    def points(self, unit: str) -> dict[tuple[str, int], float]:
        """Metric points of a unit; none is stored twice."""
        run = self.units[unit]
        result = self.ask("SELECT key, step, value FROM metrics WHERE run_uuid = ?", run)
        points = {(key, step): value for key, step, value in result}
        assert len(points) == len(result), "a metric point was stored twice"
        return points

    def tags(self, unit: str) -> dict[str, str]:
        return dict(self.ask("SELECT key, value FROM tags WHERE run_uuid = ?", self.units[unit]))

    def params(self, unit: str) -> dict[str, str]:
        return dict(self.ask("SELECT key, value FROM params WHERE run_uuid = ?", self.units[unit]))

    def run(self, unit: str) -> dict:
        names = ("name", "status", "start_time", "end_time", "artifact_uri", "experiment")
        query = (
            "SELECT r.name, r.status, r.start_time, r.end_time, r.artifact_uri, e.name FROM runs r "
            "JOIN experiments e USING (experiment_id) WHERE run_uuid = ?"
        )
        return dict(zip(names, self.ask(query, self.units[unit])[0], strict=True))

    def everything(self) -> dict:
        """All of it, comparable between databases."""
        named = {run: unit for unit, run in self.units.items()}
        names = {}
        for unit in self.units:
            run = {k: v for k, v in self.run(unit).items() if k != "artifact_uri"}
            tags = {key: named.get(value, value) for key, value in self.tags(unit).items()}
            names[unit] = [run, tags, self.params(unit), self.points(unit)]
        return names

    def count(self, table: str) -> int:
        return self.ask(f"SELECT count(*) FROM {table}")[0][0]


@pytest.fixture
def content():
    """Reads a store's database."""
    return Content
