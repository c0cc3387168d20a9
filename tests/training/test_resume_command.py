"""The command line, killed and repeated, ends with the bits of an uninterrupted run."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from helpers.comparisons import assert_same_scores, losses
from helpers.trainings import run
from typer.testing import CliRunner

from bench.cli import app
from bench.records.store import Store

pytestmark = pytest.mark.slow

ARGUMENTS = [
    *("run", "--methods", "trm_ml", "--ratios", "0.5", "--no-mlflow"),
    *("--set", "scenes.n_train=120", "--set", "scenes.n_test=60"),
    *(part for name in ("epochs=20", "batch_size=60", "ema=0.9", "warmup=2") for part in ("--set", f"trm_ml.{name}")),
]

POLL, PATIENCE = 0.02, 600


@pytest.fixture(scope="module")
def story(environment, tmp_path_factory) -> SimpleNamespace:
    """One cell with dropout, averaged weights and OneCycle: Ctrl-C after 2 epochs, SIGKILL after 4, then the end."""
    store = Store(tmp_path_factory.mktemp("story") / "results")
    command = [sys.executable, "-m", "bench", *ARGUMENTS, "--results", str(store.root)]
    story = SimpleNamespace(store=store, codes=[], states=[], curves=[], texts=[])

    def note(code: int) -> None:
        story.codes.append(code)
        story.states.append(store.state(only_key(store)))
        story.curves.append([record["epoch"] for record in curve(store)])

    for wanted, sign in ((2, signal.SIGINT), (4, signal.SIGKILL)):
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            wait_for(lambda wanted=wanted: len(curve(store)) >= wanted, process)
            os.kill(process.pid, sign)
            story.texts.append(process.communicate()[1])
        note(process.returncode)
    note(CliRunner().invoke(app, [*ARGUMENTS, "--workers", "1", "--results", str(store.root)]).exit_code)
    return story


def curve(store: Store) -> list[dict]:
    return store.curve(only_key(store))


def only_key(store: Store) -> str:
    """The sweep's one cell; "" before it has begun."""
    [key] = store.keys() or ["0" * 16]
    return key


def wait_for(reached, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert process.poll() is None, f"the run ended by itself: {process.communicate()[1]}"
        assert time.monotonic() < end, "the run made no progress"
        time.sleep(POLL)


def test_the_command_line_goes_through_its_states(story):
    assert story.codes == [130, -signal.SIGKILL, 0]
    assert story.states == ["planned", "planned", "done"]
    assert "resumes from the last checkpoint" in story.texts[0]
    assert "Traceback" not in story.texts[0]


def test_the_command_lines_curve_has_each_epoch_once(story):
    assert story.curves[2] == list(range(1, 21))
    for cut in story.curves[:2]:
        assert cut == list(range(1, len(cut) + 1))
        assert len(cut) < 20, "the run ended before it could be cut off; make it longer"
    assert len(story.curves[0]) < len(story.curves[1])


def test_the_command_lines_scores_equal_an_uninterrupted_run(story, resources, tmp_path):
    """Trained here in one go: another process, the same bits, in scores and in every epoch."""
    key = only_key(story.store)
    cell = story.store.cell(key)
    assert cell.method.options["dropout"] > 0
    assert (cell.method.options["ema"], cell.method.options["schedule"]) == (0.9, "onecycle")
    outcome = run(cell, resources, tmp_path)
    assert_same_scores(outcome.logits, story.store.scores(key))
    assert losses(story.store.folder(key)) == losses(tmp_path)
    assert json.loads((story.store.folder(key) / "row.json").read_text())["metrics"]["mAP"] > 0
