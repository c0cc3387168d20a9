"""A plugin's source is part of its cells and of their rows; the cells of what is built in are what they were."""

import pickle
import subprocess
import sys

import pytest
from helpers.outside import GOOD, changed
from helpers.trainings import Recorder

from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.executors.location import Location
from bench.planning.plan import cells, plan
from bench.planning.request import Request
from bench.records.store import Store
from bench.report.source import stale
from bench.settings import plugins
from bench.settings.plugins import load
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
    views = {"overrides": {"views": {"augment": "dualcoop", "count": 2}}, "feed": "views", "holdout": 20}
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
    load._forget(load.loaded()[0].module)
    load._LOADED.clear()
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


@pytest.mark.parametrize("left", ["the file", "no file", "another file"])
def test_a_pickled_location_brings_the_plugins_along(left, write, resources, environment, tmp_path):
    """What a process unpickles is the source that was loaded here, whatever lies in its place by now."""
    path = write()
    plugins.load_plugins([path])
    digest = METHODS.plugin("outside")
    (tmp_path / "location").write_bytes(pickle.dumps(Location.of(resources)))
    if left == "no file":
        path.unlink()
    elif left == "another file":
        write(changed(("nn.Linear(", "nn.Bilinear(")))
    script = (
        "import pickle; pickle.load(open('location', 'rb')); "
        "from methods import METHODS; print(METHODS.plugin('outside'))"
    )
    command, named = [sys.executable, "-c", script], {**environment, plugins.VARIABLE: str(path)}
    done = subprocess.run(command, cwd=tmp_path, env=named, capture_output=True, text=True)
    assert done.stdout.strip() == digest, done.stderr


OWN_DATA = '''

from dataclasses import dataclass

from bench.data import DATASETS
from bench.data.scenes.dataset import Scenes


@dataclass(frozen=True)
class Own(Scenes.Options):
    pass


@DATASETS.register("their_scenes")
class Their(Scenes):
    """Theirs."""

    Options = Own
'''


def test_workers_train_a_plugins_cells(write, environment, tmp_path):
    """And with its own dataset, whose options are of a class that only the plugin has."""
    command = [sys.executable, "-m", "bench", "run", "--plugin", str(write(GOOD + OWN_DATA)), "--methods", "outside"]
    command += ["--ratios", "0.2,0.5", "--workers", "2", "--no-mlflow", "--json", "--set", "outside.epochs=1"]
    command += ["--data", "their_scenes.n_train=100", "--data", "their_scenes.n_test=60"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    store = Store(tmp_path / "results")
    result = [store.cell(key) for key in store.keys() if store.state(key) == "done"]  # noqa: SIM118
    assert len(result) == 2
    assert all(cell.dataset.plugin == cell.method.plugin != "" for cell in result)
