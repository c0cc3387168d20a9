"""`--workers`: further processes take cells of one sweep, and nothing in the results tells them apart."""

import json

import pytest

from bench.records.store import Store
from bench.system.capacity import worker_count

pytestmark = pytest.mark.slow

TINY = ("--set", "scenes.n_train=120", "--set", "scenes.n_test=60", "--set", "asl.epochs=2")
SWEEP = ("run", "--methods", "asl", "--ratios", "0.1-0.4", "--json", *TINY)


@pytest.mark.parametrize(("requested", "pending", "expected"), [(3, 10, 3), (3, 2, 2), (1, 10, 1), (4, 0, 1)])
def test_never_more_workers_than_asked_for_or_than_there_is_work(requested, pending, expected, monkeypatch):
    import torch

    monkeypatch.setattr("bench.system.capacity.available_memory", lambda: 2**40)
    assert worker_count(requested, pending, torch.device("cpu")) == expected


def test_by_default_one_worker_has_a_gpu(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert worker_count(0, 10, torch.device("cuda")) == 1


def test_two_workers_give_the_bits_of_one(call, tmp_path):
    """One trains in this process, two in processes of their own."""
    stores = {}
    for workers in ("1", "2"):
        stores[workers] = Store(tmp_path / workers)
        result = call(*SWEEP, "--workers", workers, "--results", str(stores[workers].root))
        assert result.code == 0, result.err
        assert json.loads(result.out)
    alone, shared = stores["1"], stores["2"]
    assert alone.keys() == shared.keys()
    assert len(alone.keys()) == 4
    for key in alone.keys():  # noqa: SIM118 - a store is no dict
        assert shared.state(key) == "done"
        assert shared.scores(key).tobytes() == alone.scores(key).tobytes()
        assert [point["epoch"] for point in shared.curve(key)] == [1, 2]
