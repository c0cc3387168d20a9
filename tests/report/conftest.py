import shutil

import pytest
from store_factory import Grid, make_store

from bench.store import Store

GRID = Grid(methods=("trm_ml", "dualcoop", "clip_zero_shot", "oracle"), percents=(10, 50, 90), seeds=(0, 1), epochs=4)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> tuple[Store, str]:
    """A finished sweep with ratio-free cells; not to be changed."""
    return make_store(tmp_path_factory.mktemp("finished") / "results", GRID)


@pytest.fixture(scope="session")
def grid() -> Grid:
    """What `finished` asked for."""
    return GRID


@pytest.fixture
def own(finished, tmp_path) -> Store:
    """A copy of it that a test may change."""
    shutil.copytree(finished[0].root, tmp_path / "results")
    return Store(tmp_path / "results")
