"""One uninterrupted training of each method, shared by the tests that compare with it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers.toys import QUICK, make_cell, run

from bench.records.cells import Cell
from bench.training import Outcome


class Training(NamedTuple):
    cell: Cell
    outcome: Outcome
    folder: Path


@pytest.fixture(scope="session")
def straight(resources, tmp_path_factory) -> Callable[[str], Training]:
    """The training of a method on the tiny scenes from start to end; each runs once."""
    known: dict[str, Training] = {}

    def train(method: str) -> Training:
        if method not in known:
            cell, folder = make_cell(resources, method, holdout=20, **QUICK), tmp_path_factory.mktemp(method)
            known[method] = Training(cell, run(cell, resources, folder), folder)
        return known[method]

    return train
