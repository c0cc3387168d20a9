"""Somebody's MLflow: known names only, and nothing outside is touched, read from or written to."""

import json
import sqlite3
import tempfile
from dataclasses import replace

import pytest
from helpers.strangers import contents, make_victim, untouched
from mlflow import MlflowClient

from bench.errors import DataError
from bench.records.store import Store
from bench.tracking import mirrored, sync

pytestmark = pytest.mark.slow


def uri(store: Store) -> str:
    return f"sqlite:///{store.root / 'mlflow.db'}"


@pytest.fixture
def victim(tmp_path):
    return make_victim(tmp_path / "victim")


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Temporary folders lie beside the victim, where `../../../victim` of a mirror leads to it."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


@pytest.fixture
def theirs(finished) -> Store:
    sync(finished)
    return finished


def run_of(store: Store, kind: str):
    client = MlflowClient(uri(store))
    everywhere = [experiment.experiment_id for experiment in client.search_experiments()]
    return client, client.search_runs(everywhere, f"tags.kind = '{kind}'")[0]


@pytest.mark.parametrize("key", ["../../../victim", "/", "../x", "x" * 16])
def test_a_runs_tag_is_no_path(theirs, victim, scratch, tmp_path, key):
    name = str(victim) if key == "/" else key
    [path] = (theirs.root / "mlflow-artifacts").rglob("sweep.json")
    record = json.loads(path.read_text())
    client, run = run_of(theirs, "cell")
    client.set_tag(run.info.run_id, "cell_key", name)
    for entry in record["places"]:
        entry["key"] = name if entry["key"] == run.data.tags["cell_key"] else entry["key"]
    path.write_text(json.dumps(record))
    with untouched(victim, scratch), pytest.raises(DataError), mirrored(uri(theirs), tmp_path / "back"):
        pass
    assert not (tmp_path / "back").exists()


def test_a_cells_tag_alone_is_checked_too(theirs, victim, scratch, tmp_path, monkeypatch):
    client, run = run_of(theirs, "cell")
    client.set_tag(run.info.run_id, "cell_key", "../../../victim")
    real = theirs.sweeps()[0]
    real = replace(real, places=(replace(real.places[0], key="../../../victim"), *real.places[1:]))
    monkeypatch.setattr("bench.tracking.mirror._Mirror._sweep", lambda self, run: real)
    refused = pytest.raises(DataError, match="is not a cell's key")
    with untouched(victim, scratch), refused, mirrored(uri(theirs), tmp_path / "back"):
        pass


def test_a_sweeps_record_is_checked(theirs, victim, scratch, tmp_path):
    [path] = (theirs.root / "mlflow-artifacts").rglob("sweep.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "id": "../../../victim/report"}))
    refused = pytest.raises(DataError, match="is not a sweep's id")
    with untouched(victim, scratch), refused, mirrored(uri(theirs), tmp_path / "back"):
        pass


def test_only_artifacts_with_known_names_are_fetched(theirs, scratch, tmp_path):
    for folder in (path.parent for path in list((theirs.root / "mlflow-artifacts").rglob("cell.json"))):
        for name in ("evil.txt", "checkpoint/last.pth", "weights.safetensors", "attention.svg", "lease.json"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("evil")
    for folder in list((theirs.root / "mlflow-artifacts").rglob("targets")):
        (folder / "evil.npz").write_text("evil")
        (folder / f"{'a' * 64}.exe").write_text("evil")
    with mirrored(uri(theirs), tmp_path / "back") as store:
        result = {path.rsplit("/")[-1] for path in contents(store.source.root)}
        assert {"cell.json", "row.json", "curve.jsonl", "scores.npz"} <= result
        assert not {
            name for name in result if "evil" in name or name.endswith((".exe", ".pth", ".svg", ".safetensors"))
        }
        assert "lease.json" not in result
        assert b"evil" not in contents(store.source.root).values()


def test_a_folder_in_the_place_of_a_file_is_refused(theirs, scratch, tmp_path):
    [path] = (theirs.root / "mlflow-artifacts").rglob("sweep.json")
    path.unlink()
    path.mkdir()
    (path / "evil.txt").write_text("evil")
    with pytest.raises(DataError, match="is no file"), mirrored(uri(theirs), tmp_path / "back"):
        pass


def test_the_stores_own_database_names_no_place_outside(theirs, victim):
    connection = sqlite3.connect(theirs.root / "mlflow.db")
    connection.execute("UPDATE runs SET artifact_uri = ?", (victim.as_uri(),))
    connection.execute("DELETE FROM tags WHERE key IN ('bench.files', 'bench.digest')")
    connection.commit()
    connection.close()
    (theirs.root / "mlflow.sync.json").unlink()
    with untouched(victim), pytest.raises(DataError, match="leads out of the folder"):
        sync(theirs)


def test_artifacts_are_written_through_no_link(theirs, victim):
    connection = sqlite3.connect(theirs.root / "mlflow.db")
    connection.execute("DELETE FROM tags WHERE key IN ('bench.files', 'bench.digest')")
    connection.commit()
    connection.close()
    (theirs.root / "mlflow.sync.json").unlink()
    for path in list((theirs.root / "mlflow-artifacts").rglob("targets")):
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
        path.symlink_to(victim)
    with untouched(victim), pytest.raises(DataError, match="leads out of the folder"):
        sync(theirs)


def test_no_file_of_the_machine_goes_to_mlflow_by_a_link(finished, victim, tmp_path):
    sweep = finished.sweeps()[0].id
    folder = finished.root / "reports" / sweep
    folder.mkdir(parents=True)
    (folder / "stamp.json").write_text("{}")
    (folder / "secret.txt").symlink_to(victim / "report.md")
    result = sync(finished)
    assert any("leads out of the folder" in problem for problem in result.problems)
    assert b"the victim's report.md" not in contents(finished.root / "mlflow-artifacts").values()
