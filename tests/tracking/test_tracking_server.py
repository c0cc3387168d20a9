"""The interface over the store, and another store's projection through it as a server."""

import socket
import urllib.request

import psutil
import pytest
from store_factory import Grid, make_store

from bench.errors import UsageError
from bench.tracking import serving, sync


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


def test_the_server_shows_the_store_takes_another_one_and_goes_away(finished, tmp_path):
    from mlflow import MlflowClient

    sync(finished)
    other, _ = make_store(tmp_path / "other", Grid(methods=("dualcoop",), percents=(10,), epochs=2, dataset="voc2007"))
    with serving(finished) as server:
        with urllib.request.urlopen(server.url) as page:
            assert "MLflow" in page.read().decode()
        first, second = sync(other, server.url), sync(other, server.url)
        assert (first.created, second.unchanged) == (3, 3)
        assert not (other.root / "mlflow.db").exists()
        client = MlflowClient(server.url)
        experiment = client.get_experiment_by_name("voc2007/partial")
        [cell] = client.search_runs([experiment.experiment_id], "tags.kind = 'cell'")
        assert len(client.get_metric_history(cell.info.run_id, "mAP")) == 2
        assert {file.path for file in client.list_artifacts(cell.info.run_id)} == {"row.json", "per_class.csv"}
        assert len(client.search_runs([client.get_experiment_by_name("scenes/partial").experiment_id])) == 9
        processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    assert not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
