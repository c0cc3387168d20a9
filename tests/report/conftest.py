import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.store_factory import Grid, make_store

from bench.records.store import Store
from bench.report import read_results, source, write_report

GRID = Grid(methods=("trm_ml", "dualcoop", "clip_zero_shot", "oracle"), percents=(10, 50, 90), seeds=(0, 1), epochs=4)
CODE = "c" * 16


@pytest.fixture(autouse=True, scope="package")
def installed() -> Iterator[str]:
    """Fabricated rows were made by what is installed, unless a test says otherwise; in this folder alone."""
    patch = pytest.MonkeyPatch()
    patch.setattr(source, "installed_code", lambda method: CODE)
    yield CODE
    patch.undo()


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> tuple[Store, str]:
    """A finished sweep with ratio-free cells; not to be changed."""
    return make_store(tmp_path_factory.mktemp("finished") / "results", GRID)


@pytest.fixture(scope="session")
def grid() -> Grid:
    """What `finished` asked for."""
    return GRID


@pytest.fixture(scope="package")
def written(finished, installed, rendering, tmp_path_factory) -> tuple[Store, Path]:
    """The finished store in a place of its own with its report, written once, and the path of `report.md`."""
    root = tmp_path_factory.mktemp("written") / "results"
    shutil.copytree(finished[0].root, root)
    store = Store(root)
    with rendering.of():
        return store, write_report(read_results(store), store)


@pytest.fixture
def own(finished, tmp_path) -> Store:
    """A copy of it that a test may change."""
    shutil.copytree(finished[0].root, tmp_path / "results")
    return Store(tmp_path / "results")
