"""What the tests of executors share: the toys, and executors that know them."""

from collections.abc import Callable

import pytest
import torch
from helpers.worlds import MORE, ToySite

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
def processes(bench) -> Callable[..., Processes]:
    """`processes(store, workers=2)`: spawned workers on this machine that know the toys."""

    def start(store: Store, workers: int = 2) -> Processes:
        return Processes(ToySite.of(bench), store, workers, torch.device("cpu"), 1, bench.progress)

    return start
