"""What the tests of executors share: the toys, and executors that know them."""

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


@pytest.fixture
def processes(resources) -> Callable[..., Processes]:
    """`processes(store, workers=2)`: spawned workers on this machine that know the toys."""

    def start(store: Store, workers: int = 2) -> Processes:
        return Processes(ToyLocation.of(resources), store, workers, torch.device("cpu"), 1, resources.progress)

    return start
