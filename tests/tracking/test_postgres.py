"""A team's server: a real `mlflow server` over a real PostgreSQL, with the same calls as everywhere."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.store_factory import Grid, finish, make_store

from bench.report import read_results
from bench.tracking import following, mirrored, sync
from bench.tracking.server import started

pytestmark = pytest.mark.slow


def binaries() -> Path | None:
    """The folder of initdb, pg_ctl and postgres: on the path, or where Debian has them."""
    on_path = shutil.which("initdb")
    result = [Path(on_path).parent] if on_path else []
    result += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in result if all((f / name).exists() for name in ("initdb", "pg_ctl", "postgres"))), None)


def unprivileged() -> str | None:
    """PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of an empty database behind a socket file: another process may take a port that was free just now."""
    place = binaries()
    if place is None:
        pytest.skip("PostgreSQL's initdb, pg_ctl and postgres are not installed")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed; pip install '.[postgres]'")
    user = unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))  # not pytest's: it is closed to other users
    if user:
        shutil.chown(folder, user)

    def call(*command: str) -> None:
        done = subprocess.run(
            [str(place / command[0]), *command[1:]], user=user, cwd=folder, capture_output=True, text=True, timeout=60,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    data, options = str(folder / "data"), f"-k {folder} -c listen_addresses='' -c fsync=off"
    try:
        call("initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-sync")
        # Its output must go to a file: pg_ctl's child would keep the pipe open.
        subprocess.run(
            [str(place / "pg_ctl"), "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start"],
            user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=90,
        )  # fmt: skip
        try:
            yield f"postgresql+psycopg://bench@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_server_over_postgresql_is_written_followed_and_read_like_any_other(postgres, tmp_path):
    from mlflow import MlflowClient

    store, _ = make_store(tmp_path / "results", Grid(methods=("trm_ml", "asl"), percents=(10, 50), epochs=3))
    expected = read_results(store)
    with started(postgres, (tmp_path / "artifacts").as_uri(), tmp_path / "server.log") as server:
        first = sync(store, server.url)
        assert (first.created, first.problems) == (1 + 4 + 2, [])
        (store.root / "mlflow.sync.json").unlink()
        again = sync(store, server.url)
        assert (again.created, again.updated, again.unchanged) == (0, 0, first.created)
        changed = expected.rows[next(iter(expected.rows))].cell
        finish(store, changed, attempt=1)
        with following(store, server.url) as follower:
            assert follower.finish() is None
        client = MlflowClient(server.url)
        experiment = client.get_experiment_by_name("scenes/partial").experiment_id
        [run] = client.search_runs([experiment], f"tags.cell_key = '{changed.key}'")
        history = client.get_metric_history(run.info.run_id, "curve/mAP")
        assert [m.value for m in history] == [line["mAP"] for line in store.curve(changed.key)]
        with mirrored(server.url, tmp_path / "back") as mirror:
            assert read_results(mirror).frame.to_csv() == read_results(store).frame.to_csv()
    # The database alone, without a server, takes the same calls.
    assert sync(store, postgres).created == 0
