"""The address of an MLflow database: one database by its relative and its absolute name."""

from pathlib import Path

import pytest

from bench.records.store import Store
from bench.tracking import is_current, sync
from bench.tracking.database.location import absolute_uri
from bench.tracking.follower.follower import Follower

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("given", "meant"), [("x.db", "{here}/x.db"), ("/data/x.db", "/data/x.db")])
def test_a_relative_database_is_the_users_wherever_the_writer_works(given, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = f"sqlite:///{meant.format(here=Path.cwd())}"
    follower = Follower(Store(tmp_path), f"sqlite:///{given}")
    monkeypatch.chdir("/")
    assert follower.tracking_uri == wanted
    assert absolute_uri("http://host:1") == "http://host:1"


def test_one_database_by_its_relative_and_its_whole_name(finished, tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    report = sync(finished, "sqlite:///link/x.db")
    assert report.uri == f"sqlite:///{tmp_path}/link/x.db", "as it was named: a link may be pointed elsewhere later"
    assert (tmp_path / "real" / "x.db").exists()
    assert is_current(finished, "sqlite:///link/x.db")
    monkeypatch.chdir("/")
    assert is_current(finished, f"sqlite:///{tmp_path}/link/x.db")
    assert sync(finished, f"sqlite:///{tmp_path}/link/x.db").created == 0
