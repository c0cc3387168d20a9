"""`bench search` as a person uses it."""

import json
from pathlib import Path

import pytest
from helpers.trainings import TINY
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import UsageError
from bench.records.store import Store

pytestmark = pytest.mark.slow

SCENES = [f"--set=scenes.{name}={value}" for name, value in TINY.items()]
QUICK = ["--set=asl.epochs=2", "--set=asl.batch_size=60", *SCENES, "--holdout=30", "--executor=inline", "--no-mlflow"]


def call(*arguments: str, code: int = 0):
    answer = CliRunner().invoke(app, ["search", *arguments], catch_exceptions=True)
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    assert answer.exit_code == code, answer.output
    return answer


@pytest.fixture(scope="module")
def results(cache, tmp_path_factory) -> Path:
    """A store in which two methods have been searched and retrained, by worker processes as on any usual machine."""
    root = tmp_path_factory.mktemp("results")
    request = ("--methods=asl,clip_zero_shot", "--ratios=0.5", "--trials=3", f"--results={root}")
    root.joinpath("output").write_text(call(*request, *QUICK, "--executor=processes", "--workers=2").stdout)
    return root


def test_it_ends_with_the_best_settings_and_the_command_that_uses_them(results):
    output = (results / "output").read_text()
    (best,) = (results / "searches" / "best").glob("*.yaml")
    assert f"bench run {best}" in output
    assert "clip_zero_shot" in output
    assert "on all training images, scored on the test split" in output
    text = best.read_text()
    assert "methods: asl,clip_zero_shot" in text
    assert "held out and judged by their observed labels" in text


def test_the_file_runs_as_the_cells_that_were_retrained(results):
    (best,) = (results / "searches" / "best").glob("*.yaml")
    answer = CliRunner().invoke(app, ["run", str(best), f"--results={results}", "--dry-run", "--json"])
    assert answer.exit_code == 0, answer.output
    data = json.loads(answer.stdout)
    rows = data["places"]
    assert {row["method"] for row in rows} == {"asl", "clip_zero_shot"}
    assert {row["state"] for row in rows} == {"done"}


def test_the_stores_tables_hold_the_retrained_cells_alone(results):
    store = Store(results)
    assert {row.cell.method.name for row in store.rows()} == {"asl", "clip_zero_shot"}
    assert all(row.cell.test and row.cell.holdout == 0 and "mAP" in row.metrics for row in store.rows())


def test_the_same_command_again_runs_nothing_and_says_the_same(results):
    cells = results / "searches" / "cells"
    before = {path: path.stat().st_mtime_ns for path in cells.glob("*/row.json")}
    answer = call(
        "--methods=asl,clip_zero_shot",
        "--ratios=0.5",
        "--trials=3",
        f"--results={results}",
        "--json",
        "--no-retrain",
        *QUICK,
    )
    data = json.loads(answer.stdout)
    assert {path: path.stat().st_mtime_ns for path in cells.glob("*/row.json")} == before
    assert [search["method"] for search in data["searches"]] == ["asl", "clip_zero_shot"]
    assert all(len(search["trials"]) == 3 for search in data["searches"])
    assert data["file"] == str(next((results / "searches" / "best").glob("*.yaml")))


def test_without_retraining_no_test_number_is_anywhere(cache, tmp_path):
    space = tmp_path / "space.yaml"
    space.write_text(
        "asl:\n  lr: [1e-3, 1e-2]\n  weight_decay: null\n  gamma_pos: null\n  gamma_neg: null\n  clip: null\n"
        "  bias_init: null\n"
    )
    answer = call(
        "--methods=asl", "--ratios=0.5", "--trials=2", f"--space={space}", "--no-retrain", "--sampler=random",
        f"--out={tmp_path / 'mine.yaml'}", f"--results={tmp_path / 'r'}", "--json", *QUICK,
    )  # fmt: skip
    data = json.loads(answer.stdout)
    assert data["retrained"] is None
    assert set(data["searches"][0]["space"]) == {"lr"}
    assert (tmp_path / "mine.yaml").exists()
    assert not (tmp_path / "r" / "cells").exists()
    assert not (tmp_path / "r" / "targets").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--methods=prior"], "'prior' has no setting to search"),
        (["--methods=aslan"], "There is no method 'aslan'; did you mean 'asl'"),
        (["--holdout=0"], "--holdout 0 leaves no image"),
        (["--sampler=tpee"], "There is no sampler 'tpee'"),
        (["--pruner=medium"], "There is no pruner 'medium'; did you mean 'median'"),
        (["--protocol=single_positive"], "use --holdout-labels full"),
        (["--space=nowhere.yaml"], "--space nowhere.yaml cannot be read"),
        (["--methods=asl", "--storage=nonsense"], "--storage nonsense cannot be opened"),
    ],
)
def test_wrong_use_gives_one_sentence(cache, tmp_path, arguments, words):
    with pytest.raises(UsageError, match=words) as caught:
        call(*arguments, f"--results={tmp_path}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["--trials=0", "--retries=-1", "--holdout-labels=some", "--holdout=95"])
def test_numbers_out_of_range_are_refused(wrong):
    assert call(wrong, code=2).exit_code == 2


def test_ls_shows_the_ranges():
    data = json.loads(CliRunner().invoke(app, ["ls", "methods", "asl", "--json"]).stdout)
    ranges = {option["option"]: option.get("search") for option in data["options"]}
    assert ranges["lr"] == {"low": 1e-4, "high": 3e-2, "log": True}
    assert ranges["epochs"] is None
    shown = CliRunner().invoke(app, ["ls", "methods", "asl"], env={"COLUMNS": "200"}).stdout
    assert "(searched: 0.0001 to 0.03 (log))" in shown
    untrained = json.loads(CliRunner().invoke(app, ["ls", "methods", "clip_zero_shot", "--json"]).stdout)
    assert [o["option"] for o in untrained["options"] if "search" in o] == ["pool", "templates"]
