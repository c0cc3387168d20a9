"""Two drivers, each a process of its own, share one study in a real PostgreSQL server."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers.search_world import FakeExecutor, Watching, a_search, meeting, opened

from bench.errors import UsageError
from bench.records.store import Store
from bench.studies.search import storage
from bench.studies.search.archive import cells_of
from bench.studies.search.storage import StudyLocation

ROOT = Path(__file__).resolve().parents[3]
BINARIES = {name: shutil.which(name) for name in ("initdb", "postgres")}
MISSING = [name for name, path in BINARIES.items() if path is None]
TOTAL = 6

DRIVER = """
import json, sys
from pathlib import Path
from helpers.search_world import FakeExecutor, Watching, a_search, meeting, opened
from bench.studies.search.archive import cells_of
from bench.records.store import Store
results, cache, url, total = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
session = opened(results, *a_search(cache), total, storage=url)
print("ready", flush=True)
sys.stdin.readline()
cells = cells_of(Store(results))
with FakeExecutor(cells, slots=2, mishap=meeting(results.parent / "met", "other", "one")) as executor:
    trials = session.run(executor, cells, Watching(), total)
print(json.dumps({"trials": [[t.number, t.state, t.settings] for t in trials], "started": executor.started}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The URL of a server of our own, on a socket in a temporary folder; gone afterwards."""
    if MISSING:
        pytest.skip(f"no PostgreSQL here: {', '.join(MISSING)} not found")
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    folder = tmp_path_factory.mktemp("pg")
    data = folder / "data"
    as_user: dict = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        as_user = {"user": "nobody", "group": "nogroup"}
        for place in (folder, *folder.parents):
            if place == Path(place.anchor):
                break
            if place.stat().st_uid == 0 and place.is_relative_to(tmp_path_factory.getbasetemp().parent):
                place.chmod(place.stat().st_mode | 0o011)
        shutil.chown(folder, "nobody", "nogroup")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **as_user)

    try:
        run(BINARIES["initdb"], "-D", str(data), "-U", "bench", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8")
    except (subprocess.CalledProcessError, PermissionError, LookupError) as error:
        pytest.skip(f"initdb cannot run here: {getattr(error, 'stderr', None) or error}")
    # Our own child, not pg_ctl's: that one waits for ever where nobody collects orphans.
    settings = ["-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
    command = [BINARIES["postgres"], "-D", str(data), *settings]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **as_user)
    try:
        until = time.monotonic() + 300
        while not (folder / ".s.PGSQL.5432").exists():
            gone = process.poll() is not None or time.monotonic() > until
            assert not gone, (folder / "log").read_text()
            time.sleep(0.05)
        yield f"postgresql://bench@/postgres?host={folder}"
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(300)


def test_two_drivers_share_a_study_in_postgresql(server, cache, environment, tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path / "other"), str(cache), server, str(TOTAL)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, cwd=ROOT,
    )  # fmt: skip
    session = opened(tmp_path / "one", *a_search(cache), TOTAL, storage=server)
    cells = cells_of(Store(tmp_path / "one"))
    assert other.stdout.readline() == "ready\n"
    other.stdin.write("go\n")
    other.stdin.flush()
    with FakeExecutor(cells, slots=2, mishap=meeting(tmp_path / "met", "one", "other")) as executor:
        trials = session.run(executor, cells, Watching(), TOTAL)
    out, _ = other.communicate(timeout=600)
    assert other.returncode == 0
    answer = json.loads(out.splitlines()[-1])
    assert answer["trials"] == [[t.number, t.state, t.settings] for t in trials], "both see one study"
    assert [trial.state for trial in trials] == ["complete"] * TOTAL, "as many as asked for together"
    started = [*answer["started"], *executor.started]
    assert len(started) == len(set(started)) == 2 * TOTAL, "each trial once"
    assert answer["started"] and executor.started, "and both had a part in it"  # noqa: PT018


def test_drivers_that_make_the_tables_at_the_same_moment_all_get_in(server, tmp_path):
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE fresh")
    url = server.replace("/postgres?", "/fresh?")
    with ThreadPoolExecutor(3) as pool:
        places = list(pool.map(lambda n: StudyLocation(tmp_path / str(n), url), range(3)))
    assert all(place.storage.get_all_studies() == [] for place in places)


def test_a_lock_left_by_a_driver_that_died_is_broken(server, monkeypatch, tmp_path):
    place = StudyLocation(tmp_path, server)
    place.storage.create_new_study([storage.optuna.study.StudyDirection.MAXIMIZE], "left.lock")
    monkeypatch.setattr(storage, "STALE_SECONDS", 0.3)
    with place.alone("left"):
        pass
    with place.alone("left"):
        pass


def test_a_server_that_is_not_there_gives_one_sentence(tmp_path):
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    with pytest.raises(
        UsageError, match=r"--storage postgresql://me:\*\*\*@127\.0\.0\.1:1/x cannot be opened"
    ) as caught:
        StudyLocation(tmp_path, "postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
