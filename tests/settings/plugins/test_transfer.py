"""Plugins in other processes: a location brings them along, and workers train their cells."""

import pickle
import subprocess
import sys

import pytest
from helpers.outside import GOOD, changed

from bench.executors.location import Location
from bench.records.store import Store
from bench.settings import plugins
from methods import METHODS

pytestmark = pytest.mark.slow

SHORT = {"scenes": {"n_train": 120, "n_test": 60}, "outside": {"epochs": 1}}


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
