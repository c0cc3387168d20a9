"""What the tests of training share: one uninterrupted training of each method, and a tiny dataset."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from helpers.live import SMALL
from helpers.trainings import QUICK, make_cell, quiet, run
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from bench.planning.plan import open_dataset
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.training import TrainingResult
from bench.training.resources import Resources


class Training(NamedTuple):
    cell: Cell
    outcome: TrainingResult
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


@pytest.fixture(scope="module")
def small(cache) -> Resources:
    """Resources on scenes so few that every step may encode them."""
    sweep = Request(methods=(), percents=(), overrides={"scenes": SMALL})
    return Resources(open_dataset(sweep, cache), torch.device("cpu"), cache, progress=quiet)


@pytest.fixture
def apart():
    """MMEngine's tables are emptied after each test; its runs of one second would meet in them."""
    yield
    for table in (MMLogger, MessageHub, Visualizer, DefaultScope):
        table._instance_dict.clear()
