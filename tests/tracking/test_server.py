"""The interface over the store, and another store's projection through it as a server."""

import functools
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest
from filelock import FileLock
from helpers.store_factory import Grid, finish, make_store

from bench.errors import UsageError
from bench.records.store import Store
from bench.tracking import following, serving, sync, ui
from bench.tracking.database.client import QUIET
from bench.tracking.ui import refresh

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_interface_first_brings_what_is_missing(finished, grid):
    lines = []
    refresh(finished, lines.append)
    assert lines[0].startswith("MLflow: 9 runs created")
    refresh(finished, lines.append)
    assert len(lines) == 1
    with FileLock(finished.root / "mlflow.lock"):
        finish(finished, grid.cells()[0], attempt=1)
        refresh(finished, lines.append)
    assert lines[1].startswith("warning: what MLflow shows may be old. Another process has been writing")


def test_nothing_to_show_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"There is nothing in .* to show yet; start with `bench run`"):
        ui(Store(tmp_path / "none"))


def test_a_server_that_is_gone_costs_a_run_one_sentence(finished, monkeypatch):
    """The run itself never speaks to it, so nothing waits for it, and the store is as it was."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # taken, but nobody listens
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the run speaks to the server"))
            with following(finished, address) as follower:
                problem = follower.finish()
    assert problem.startswith(f"The MLflow server {address} does not answer")
    assert "the results are safe" in problem
    assert "\n" not in problem


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_in_order(ending, finished):
    sync(finished)
    command = [sys.executable, "-m", "bench", "ui", "--results", str(finished.root)]
    # A shell lets background jobs ignore Ctrl-C, and so would the command if the tests are such a job.
    with_ctrl_c = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, **QUIET}, preexec_fn=with_ctrl_c
    )
    try:
        assert process.stdout.readline().startswith("MLflow: http://127.0.0.1:")
        assert "scenes/partial: http://127.0.0.1:" in process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(ending)
        assert process.wait(300) == 0
    finally:
        process.kill()
    assert not [p for p in children if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_without_a_database_there_is_one_sentence(tmp_path):
    store, _ = make_store(tmp_path, Grid(methods=("asl",), percents=(10,), epochs=1))
    with pytest.raises(UsageError, match="There is no MLflow database in"), serving(store):
        pass


def test_a_taken_port_is_one_sentence(empty):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} cannot be used"), serving(empty, port):
            pass


def test_the_server_shows_the_store_takes_another_one_and_goes_away(finished, tmp_path, capfd):
    from mlflow import MlflowClient

    sync(finished)
    other, _ = make_store(tmp_path / "other", Grid(methods=("dualcoop",), percents=(10,), epochs=2, dataset="voc2007"))
    with serving(finished) as server:
        with urllib.request.urlopen(server.url) as page:
            assert "MLflow" in page.read().decode()
        capfd.readouterr()
        first, second = sync(other, server.url), sync(other, server.url)
        assert capfd.readouterr().out == "", "MLflow talks where the command's own words are expected"
        assert (first.created, second.unchanged) == (3, 3)
        assert not (other.root / "mlflow.db").exists()
        client = MlflowClient(server.url)
        experiment = client.get_experiment_by_name("voc2007/partial")
        [cell] = client.search_runs([experiment.experiment_id], "tags.kind = 'cell'")
        assert len(client.get_metric_history(cell.info.run_id, "curve/mAP")) == 2
        files = {"cell.json", "row.json", "curve.jsonl", "scores.npz", "per_class.csv"}
        assert {file.path for file in client.list_artifacts(cell.info.run_id)} == files
        assert len(client.search_runs([client.get_experiment_by_name("scenes/partial").experiment_id])) == 9
        processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    assert not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
