"""`bench tune` as a person uses it."""

import json
import re
from pathlib import Path
from shutil import copytree

import pytest
from helpers.trainings import TINY
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import UsageError
from bench.planning.recipes import read_recipe_file
from bench.records.store import Store
from bench.studies.search.archive import SearchArchive
from bench.studies.tune.recipe_file import ALL_FAILED
from methods import METHODS

pytestmark = pytest.mark.slow

QUICK = [
    *(f"--set=scenes.{name}={value}" for name, value in TINY.items()), "--set=asl.epochs=1", "--set=bce_iu.epochs=1",
    "--methods=asl,bce_iu", "--ratios=0.5", "--seeds=0", "--holdout=30", "--executor=inline", "--no-mlflow",
]  # fmt: skip


def call(*arguments: str, code: int = 0):
    answer = CliRunner().invoke(app, arguments, catch_exceptions=True)
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    assert answer.exit_code == code, answer.output
    return answer


@pytest.fixture(scope="module")
def results(cache, tmp_path_factory) -> Path:
    """A store in which two methods have been tuned by two trials each and trained again."""
    root = tmp_path_factory.mktemp("results")
    output = call("tune", "--trials=2", f"--out={root}/mine.toml", f"--results={root}", *QUICK).stdout
    (root / "output").write_text(output)
    (printed,) = re.findall(r"^report +(.+)$", output, re.MULTILINE)
    copytree(Path(printed).parent, root / "printed")  # later tests write the page again, in whatever order they run
    return root


def tuned(results: Path, *more: str) -> dict:
    return json.loads(call("tune", f"--results={results}", "--json", "--no-retrain", *QUICK, *more).stdout)


def test_it_ends_with_a_recipe_file_and_the_command_that_uses_it(results):
    output = (results / "output").read_text()
    assert f"bench run --recipe {results / 'mine.toml'}" in output
    one = read_recipe_file(results / "mine.toml")
    assert (one.backbone, set(one.tables)) == ("tiny_clip", {"asl", "bce_iu"})
    head = {name: one.tuned[name] for name in ("dataset", "protocol", "percents", "seeds", "trials", "judged")}
    assert list(head.values()) == ["scenes", "partial", [50], [0], 2, "observed"]
    assert {facts["trials"] for facts in one.tuned["methods"].values()} == {2}


def test_the_file_runs_as_the_cells_that_were_trained_again(results):
    what = [flag for flag in QUICK if "epochs" not in flag and not flag.startswith("--holdout")]
    command = ["run", f"--recipe={results}/mine.toml", f"--results={results}", "--dry-run", "--json", *what]
    places = json.loads(call(*command).stdout)["places"]
    assert {(place["method"], place["state"]) for place in places} == {("asl", "done"), ("bce_iu", "done")}


def test_the_page_shows_every_budget_and_the_test_split_only_where_trained(results):
    folder = results / "printed"
    page, lines = (folder / "tune.md").read_text(), (folder / "budget.csv").read_text().splitlines()
    assert "| 1 trial | 2 trials |" in page
    assert "test, as they were" in page
    assert len(lines) == 1 + 2 * 2
    assert (folder / "budget.png").exists()
    rows = list(Store(results).rows())
    assert all(row.cell.test and row.cell.holdout == 0 for row in rows)
    for place in ("as they were", "tuned"):
        assert place in page
    assert any(f"{row.mAP:.2f}" in page for row in rows)


def test_the_same_command_trains_nothing_and_more_trials_add_to_it(results):
    files = {path: path.stat().st_mtime_ns for path in (results / "searches" / "cells").glob("*/row.json")}
    again = tuned(results, "--trials=2")
    assert {path: path.stat().st_mtime_ns for path in files} == files
    more = tuned(results, "--trials=3")
    assert len(list((results / "searches" / "cells").glob("*/row.json"))) > len(files)
    for few, many in zip(again["methods"], more["methods"], strict=True):
        assert [trial["settings"] for trial in many["trials"][:2]] == [trial["settings"] for trial in few["trials"]]
        assert few["expected_best"][0] == many["expected_best"][0] == few["trials"][0]["value"]
    fewer = tuned(results, "--trials=2")
    assert fewer["methods"] == again["methods"], "trials beyond the budget count for no method"


def test_a_method_whose_trials_all_fail_keeps_its_settings_until_they_do_not(cache, tmp_path, monkeypatch):
    command = ["tune", f"--results={tmp_path}", "--json", "--no-retrain", *QUICK, "--trials=1", "--retries=0"]
    with monkeypatch.context() as broken:
        broken.setattr(METHODS.get("bce_iu"), "loss", lambda model, batch: 1 / 0)
        answer = json.loads(call(*command, code=1).stdout)
    failed = read_recipe_file(Path(answer["file"]))
    facts = failed.tuned["methods"]["bce_iu"]
    assert (facts["settings"], facts["finished"]) == (ALL_FAILED, 0)
    assert failed.tuned["methods"]["asl"]["finished"] == 1
    assert "settings stay as they were: bce_iu" in Path(answer["report"]).read_text()
    again = read_recipe_file(Path(json.loads(call(*command).stdout)["file"]))
    assert failed.tables["bce_iu"].items() <= again.tables["bce_iu"].items()
    assert failed.tables["bce_iu"]["lr"] == 0.00575
    assert again.tuned["methods"]["bce_iu"]["finished"] == 1


def test_every_trained_method_is_tuned_unless_it_cannot_run_here(results, monkeypatch):
    monkeypatch.setattr("bench.api.tune.METHODS.names", lambda: ("prior", "bce_an", "partial_bce"))
    flags = [flag for flag in QUICK if "=asl" not in flag and "=bce_iu" not in flag]
    here = ("--set=bce_an.epochs=1", "--protocol=single_positive", "--holdout-labels=full", "--trials=1")
    answer = json.loads(call("tune", f"--results={results}", "--json", "--no-retrain", *flags, *here).stdout)
    assert [one["method"] for one in answer["methods"]] == ["bce_an"]
    assert list(answer["left_out"]) == ["partial_bce"]
    assert "needs known negatives" in answer["left_out"]["partial_bce"]
    assert read_recipe_file(Path(answer["file"])).tuned["left_out"] == answer["left_out"]
    with pytest.raises(UsageError, match="'partial_bce' cannot be searched here"):
        call("tune", f"--results={results}", "--methods=partial_bce", *flags, *here[1:])


def test_a_dry_run_says_what_is_left_and_changes_nothing(results):
    def plan(*more: str) -> dict:
        return json.loads(call("tune", f"--results={results}", "--json", "--dry-run", *QUICK, *more).stdout)

    before = sorted((path, path.stat().st_mtime_ns) for path in results.rglob("*"))
    done, more = plan("--trials=2")["searches"], plan("--trials=9")["searches"]
    assert sorted((path, path.stat().st_mtime_ns) for path in results.rglob("*")) == before
    kept = [len(SearchArchive(results, one["search"]).trials) for one in done]
    assert [(one["method"], one["todo"], one["seconds"]) for one in done] == [("asl", 0, 0.0), ("bce_iu", 0, 0.0)]
    assert [one["done"] for one in done] == [one["done"] for one in more] == kept
    assert [one["todo"] for one in more] == [9 - count for count in kept]
    assert all(one["seconds"] > 0 and "lr" in one["settings"] for one in more)
    other = plan("--trials=2", "--search-seed=1")["searches"]
    assert [one["done"] for one in other] == [0, 0], "another search has trials of its own"
    text = call("tune", f"--results={results}", "--dry-run", *QUICK, "--trials=9").stdout
    left = 18 - sum(kept)
    assert f"{left} trials to do, {left} trainings; about 0:" in text
