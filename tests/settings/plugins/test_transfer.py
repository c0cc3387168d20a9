"""Plugins in other processes: a location brings them along, and workers train their cells."""

import pickle
import subprocess
import sys

import pytest
from helpers.outside import GOOD, changed

from bench.executors.location import Location
from bench.records.store import Store
from bench.settings import plugins
from bench.settings.plugins import known
from methods import METHODS

pytestmark = pytest.mark.slow


UNPICKLE = """
import os, pickle, sys
import torch  # once for all three, and nothing of the project with it
for folder in sys.argv[2:]:
    if not os.fork():
        os.environ[sys.argv[1]] = f"{folder}/plugins/mine.py"
        pickle.load(open(f"{folder}/location", "rb"))
        from methods import METHODS
        print(METHODS.plugin("outside"), flush=True)
        os._exit(0)
    os.wait()
"""


def test_a_pickled_location_brings_the_plugins_along(resources, environment, tmp_path):
    """What a process unpickles is the source that was loaded here, whatever lies in its place by now."""
    digests = []
    for left in ("the file", "no file", "another file"):
        path = tmp_path / left / "plugins" / "mine.py"
        path.parent.mkdir(parents=True)
        path.write_text(GOOD)
        plugins.load_plugins([path])
        digests.append(METHODS.plugin("outside"))
        (tmp_path / left / "location").write_bytes(pickle.dumps(Location.of(resources)))
        known.unload_all()
        if left == "no file":
            path.unlink()
        elif left == "another file":
            path.write_text(changed(("nn.Linear(", "nn.Bilinear(")))
    command = [sys.executable, "-c", UNPICKLE, plugins.VARIABLE, "the file", "no file", "another file"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert len(set(digests)) == 1
    assert done.stdout.split() == digests, done.stderr


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


def test_a_worker_trains_a_plugins_cell(write, call, tmp_path):
    """And with its own dataset, whose options are of a class that only the plugin has."""
    command = ["--plugin", str(write(GOOD + OWN_DATA)), "--methods", "outside"]
    command += ["--ratios", "0.5", "--executor", "processes", "--json", "--set", "outside.epochs=1"]
    command += ["--data", "their_scenes.n_train=100", "--data", "their_scenes.n_test=60"]
    done = call("run", *command)
    assert done.code == 0, done.err
    store = Store(tmp_path / "results")
    [key] = store.keys()
    assert store.state(key) == "done"
    assert store.cell(key).dataset.plugin == store.cell(key).method.plugin != ""
