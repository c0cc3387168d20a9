"""What the tests of executors share: the toys, and executors that know them."""

import multiprocessing
from collections.abc import Callable

import pytest
import torch
from helpers.worlds import MORE, ToyLocation

from bench.executors.processes import Processes
from bench.records.store import Store


@pytest.fixture(autouse=True)
def _all_toys(toys, monkeypatch) -> None:
    from methods import METHODS

    for name, toy in MORE.items():
        monkeypatch.setitem(METHODS._entries, name, toy)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results")


@pytest.fixture(scope="session")
def prepared() -> None:
    """Workers may be forked from a process that has imported what they need."""
    slow = ["open_clip", "sklearn.metrics", "torch._dynamo"]  # what the first cell of each worker would import
    multiprocessing.get_context("forkserver").set_forkserver_preload(
        ["bench.executors.worker", "bench.training", *slow]
    )


@pytest.fixture
def quick_workers(prepared, monkeypatch) -> None:
    """Workers start in no time. How they are started is no matter to these tests; in others they are spawned."""
    get = multiprocessing.get_context
    monkeypatch.setattr("multiprocessing.get_context", lambda way: get("forkserver" if way == "spawn" else way))


@pytest.fixture
def processes(resources) -> Callable[..., Processes]:
    """`processes(store, workers=2)`: spawned workers on this machine that know the toys."""

    def start(store: Store, workers: int = 2) -> Processes:
        return Processes(ToyLocation.of(resources), store, workers, torch.device("cpu"), 1, resources.progress)

    return start
