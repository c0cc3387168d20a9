"""A plugin's source is part of its cells and of their rows; the cells of what is built in are what they were."""

import pytest
from helpers.outside import GOOD
from helpers.trainings import Recorder

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.planning.plan import cells, plan
from bench.planning.request import Request
from bench.records.store import Store
from bench.report.source import stale
from bench.settings import plugins
from bench.settings.plugins import known
from bench.system.environment import source_hash
from methods import METHODS

pytestmark = pytest.mark.slow

SHORT = {"scenes": {"n_train": 120, "n_test": 60}, "outside": {"epochs": 1}}


def planned(resources, *methods: str, percent: int = 50, **request):
    """The cells of these methods on the tiny scenes, by method."""
    overrides = {
        **{name: SHORT[name] for name in ("scenes", *methods) if name in SHORT},
        **request.pop("overrides", {}),
    }
    entries = plan(Request(methods, (percent,), overrides=overrides, **request), resources.dataset)
    return {cell.method.name: cell for cell in cells(entries)}


def cell_of(resources):
    return planned(resources, "outside")["outside"]


def test_keys_of_built_in_cells_are_what_they_were_before_there_were_plugins(resources):
    """Pinned: a store's cells are found by them."""
    cells = {name: cell.key for name, cell in planned(resources, "asl", "trm_ml", "oracle", percent=10).items()}
    assert cells == {"asl": "efe9fa9e0b4423fb", "trm_ml": "a2a2542b2b0d9d82", "oracle": "f4f21f851713b572"}
    settings = {"views": {"augment": "dualcoop", "count": 2}}
    views = {"recipe": "embedded", "overrides": settings, "feed": "views", "holdout": 20}
    assert planned(resources, "dualcoop", **views)["dualcoop"].key == "7f511f984e55cb05"


def test_a_changed_file_makes_other_cells(write, resources):
    plugins.load_plugins([write()])
    first = cell_of(resources)
    assert first.method.plugin == METHODS.plugin("outside")
    plugins.load_plugins([write(GOOD + "\n# a comment\n")])
    assert cell_of(resources).key != first.key
    plugins.load_plugins([write()])
    assert cell_of(resources).key == first.key, "the source counts, and not when it was loaded"


def test_where_the_file_lies_does_not_count(write, resources):
    plugins.load_plugins([write()])
    first, code = cell_of(resources).key, source_hash(METHODS.get("outside"))
    known.unload_all()
    plugins.load_plugins([write(name="elsewhere/mine.py")])
    assert (cell_of(resources).key, source_hash(METHODS.get("outside"))) == (first, code)


def test_a_row_tells_the_plugins_source(write, resources, tmp_path):
    plugins.load_plugins([write()])
    cell, store = cell_of(resources), Store(tmp_path / "results")
    run_cells([cell], store, Inline(resources, store), Recorder())
    row = store.row(cell.key)
    assert row.code == source_hash(METHODS.get("outside"))
    assert row.cell == cell
    assert row.cell.key == cell.key
    assert stale([row]) == frozenset()
    plugins.load_plugins([write(GOOD + "\nx = 1\n")])
    assert stale([row]) == {cell.key}


def test_a_cell_of_another_source_is_not_trained(write, resources, tmp_path):
    plugins.load_plugins([write()])
    cell, store = cell_of(resources), Store(tmp_path / "results")
    plugins.load_plugins([write(GOOD + "\nx = 1\n")])
    run_cells([cell], store, Inline(resources, store), Recorder())
    assert store.state(cell.key) == "failed"
    assert "the source of method 'outside' is not here what it was" in store.error(cell.key)
