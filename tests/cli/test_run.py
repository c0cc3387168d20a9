"""Grids, sweep files, plans and variance studies through the real command line."""

import csv
import json
from pathlib import Path

import pytest

from bench.settings.plain_yaml import load

TINY = ("--set", "scenes.n_train=120", "--set", "scenes.n_test=60")
ASL = ("--methods", "asl", "--ratios", "0.5", "--set", "asl.epochs=1", *TINY)
GRID = ("--grid", "asl.lr=1e-3,5e-2")


def plan_of(call, *arguments: str) -> dict:
    result = call(*arguments, "--dry-run", "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)


@pytest.mark.slow
def test_each_variant_of_a_grid_has_its_own_line_and_number(call, tmp_path):
    result = call("run", *ASL, "--set", "asl.batch_size=30", *GRID)  # more than one step, which warms up
    assert result.code == 0
    assert "asl [lr=0.001] scenes partial 50% seed 0: done" in result.err, "progress names the variant"
    [report] = (tmp_path / "results" / "reports").glob("*/results.csv")
    lines = {line["method"]: line for line in csv.DictReader(report.open())}
    assert list(lines) == ["asl [lr=0.001]", "asl [lr=0.05]"]
    assert lines["asl [lr=0.001]"]["mAP"] != lines["asl [lr=0.05]"]["mAP"]
    assert all(name in result.out for name in lines)
    text = report.with_name("report.md").read_text()
    assert "`lr=0.001`" in text
    assert "`lr=0.05`" in text


def test_a_grid_is_part_of_the_plan(call):
    places = plan_of(call, "run", *ASL, *GRID)["places"]
    assert [place["method"] for place in places] == ["asl [lr=0.001]", "asl [lr=0.05]"]
    plain = plan_of(call, "run", *ASL, "--set", "asl.lr=0.05")["places"]
    assert plain[0]["key"] == places[1]["key"], "the same cell, however its settings were given"


SWEEP = """
methods: [asl, hill]
ratios: [0.5]
seeds: 0-1
set:
  asl: {epochs: 1}
  hill: {epochs: 1}
  scenes: {n_train: 120, n_test: 60}
grid:
  asl: {lr: [1e-3, 5e-2]}
"""


@pytest.fixture
def sweep_file(tmp_path) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(SWEEP)
    return path


def keys(plan: dict) -> set[str]:
    return {place["key"] for place in plan["places"]}


def test_a_file_is_the_flags_that_it_says(call, sweep_file):
    flags = ("--methods", "asl,hill", "--seeds", "0-1", *ASL[2:], "--set", "hill.epochs=1", *GRID)
    assert plan_of(call, "run", str(sweep_file))["places"] == plan_of(call, "run", *flags)["places"]


def test_flags_are_stronger_than_the_file(call, sweep_file):
    whole = plan_of(call, "run", str(sweep_file))
    assert len(whole["places"]) == 6
    one = plan_of(call, "run", str(sweep_file), "--seeds", "0")
    assert keys(one) == {place["key"] for place in whole["places"] if place["seed"] == 0}
    default = plan_of(call, "run", str(sweep_file), "--ratios", "0.1-0.9")
    assert len(default["places"]) == 6 * 9, "also where the flag says its default"
    asl = plan_of(call, "run", str(sweep_file), "--methods", "asl")
    assert keys(asl) == {place["key"] for place in whole["places"] if place["method"] != "hill"}
    longer = plan_of(call, "run", str(sweep_file), "--set", "asl.epochs=2", "--methods", "asl")
    assert not keys(longer) & keys(whole)
    axis = plan_of(call, "run", str(sweep_file), "--grid", "asl.lr=1e-3", "--methods", "asl")
    assert keys(axis) == {place["key"] for place in whole["places"] if place["method"] == "asl [lr=0.001]"}


@pytest.mark.slow
def test_the_environment_is_stronger_than_the_file_too(call, sweep_file, tmp_path, monkeypatch):
    sweep_file.write_text("methods: asl\nratios: 0.5\nresults: from_file\nset: {scenes: {n_train: 120, n_test: 60}}")
    monkeypatch.setenv("BENCH_RESULTS", "from_environment")
    assert call("run", str(sweep_file), "--set", "asl.epochs=1").code == 0
    assert (tmp_path / "from_environment").is_dir()
    assert not (tmp_path / "from_file").exists()


def test_what_is_written_is_the_same_sweep(call, tmp_path):
    requested = (*ASL, *GRID, "--holdout", "10", "--seeds", "0-1")
    result = call("run", *requested, "--write", "mine.yaml")
    assert result.code == 0
    assert "bench run mine.yaml" in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml"], "and nothing ran"
    written = (tmp_path / "mine.yaml").read_text()
    assert load(written, "mine.yaml")["set"]["asl"] == {"epochs": 1}
    assert load(written, "mine.yaml")["protocol"] == "partial", "no later default changes what it means"
    assert plan_of(call, "run", "mine.yaml")["places"] == plan_of(call, "run", *requested)["places"]
    again = call("run", *requested, "--write", "mine.yaml")
    assert again.code == 2
    assert "this file exists already" in again.err


WRONG_FILES = {
    "key": ("metods: asl", "there is no key 'metods'; did you mean 'methods'?"),
    "bounds": ("holdout: 95", "holdout = '95' is not allowed"),
    "type": ("views: many", "views = 'many' is not allowed"),
    "switch": ("live: on", "live is 'on', but it is a switch: say true or false"),
    "no switch": ("seeds: true", "seeds is True, but it is not a switch"),
    "shown": ("json: true", "there is no key 'json'"),
    "ratios": ("ratios: 10:30", "'10:30' is not a share of known labels"),
    "method": ("methods: [trm]", "did you mean 'trm_ml'?"),
    "option": ("methods: asl\nset: {asl: {lrr: 1}}", "asl has no option 'lrr'; did you mean 'lr'?"),
    "axis": ("methods: asl\ngrid: {scenes: {world: [1, 2]}}", "'scenes' is a dataset"),
}


@pytest.mark.parametrize(("text", "words"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_wrong_file_gives_one_sentence(text, words, call, tmp_path):
    (tmp_path / "wrong.yaml").write_text(text)
    result = call("run", "wrong.yaml")
    assert result.code == 2
    assert words in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_plan_tells_the_time_only_of_what_has_run_here(call):
    before = call("run", *ASL, "--dry-run").out
    assert "1 cell: 0 done, 1 to do" in before
    assert "expected time: unknown" in before
    call("run", *ASL)
    more = ("--methods", "asl,hill", "--seeds", "0-1", *ASL[2:])
    after = call("run", *more, "--dry-run").out
    assert "4 cells: 1 done, 3 to do" in after
    assert "expected time: at least about 0:" in after
    assert "from 1 finished of these settings" in after
    assert "unknown: hill" in after
    longer = call("run", *ASL, "--set", "asl.lr=0.1", "--dry-run").out
    assert "from 1 finished of this method, scaled by epochs and images" in longer
    expected = plan_of(call, "run", *more)["expected"]
    assert expected["unknown"] == ["hill"]
    assert expected["methods"]["asl"]["basis"] == "equal"
    assert 0 < expected["seconds"] < 600


@pytest.mark.slow
def test_a_long_plan_is_a_table_of_methods_by_ratios(call, toys):
    call("run", *ASL, "--set", "asl.lr=0.01")
    arguments = ("--methods", "asl,oracle", "--ratios", "0.1-0.9", "--seeds", "0-4", *ASL[4:], "--set", "asl.lr=0.01")
    result = call("run", *arguments, "--dry-run").out
    assert len(result.splitlines()) < 20
    assert "1/5" in result
    assert "0/5" in result
    assert "50 cells: 1 done, 49 to do" in result, "the ceiling runs once a seed"


@pytest.mark.slow
def test_what_failed_before_is_told_apart(call, toys):
    failing = ("--methods", "toy_refusing,asl", *ASL[2:], "--set", "toy_refusing.epochs=2")
    call("run", *failing)
    result = call("run", *failing, "--dry-run").out
    assert "2 cells: 1 done, 1 to do (1 failed before)" in result


def test_what_is_skipped_is_told_with_its_reason(call, toys):
    arguments = ("--methods", "asl,csl", "--protocol", "single_positive", *ASL[4:])
    plan = plan_of(call, "run", *arguments)
    skipped = [place for place in plan["places"] if place["key"] is None]
    result = call("run", *arguments, "--dry-run").out
    assert plan["cells"]["skipped"] == len(skipped)
    assert all(f"skipped: {place['method']} {place['skipped']}" in result for place in skipped)
    assert skipped


@pytest.mark.slow
def test_a_variance_study_end_to_end(call, tmp_path, toys):
    tiny = ("--methods", "toy_linear,clip_zero_shot", "--ratios", "0.5", "--seeds", "0-1", *TINY)
    result = call("variance", *tiny, "--set", "toy_linear.epochs=1", "--json")
    assert result.code == 0, result.err
    data = {(r["method"], r["source"]): r for r in json.loads(result.out)["variance"]}
    assert all(data["toy_linear", source]["sd"] > 0 for source in ("mask", "init", "order", "all"))
    assert all(data["clip_zero_shot", source]["sd"] == 0 for source in ("mask", "init", "order", "all"))
    [folder] = (tmp_path / "results" / "reports").glob("variance-*")
    assert {path.name for path in folder.iterdir()} >= {"variance.md", "variance.csv", "variance.png", "variance.svg"}
    again = call("variance", *tiny, "--set", "toy_linear.epochs=1")
    assert again.code == 0
    assert again.err == "", "nothing is run twice"
    assert "Scatter of mAP by source" in again.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seeds", "3"), "one seed has no scatter"),
        (("--streams", "mask,ordr"), "there is no stream 'ordr'; did you mean 'order'?"),
        (("--streams", ""), "--streams is empty"),
    ],
)
def test_a_variance_study_that_cannot_be(arguments, words, call):
    result = call("variance", "--methods", "asl", *TINY, *arguments)
    assert result.code == 2
    assert words in result.err


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "encoded"), [("inline", True), ("ray", False)])
def test_images_are_encoded_by_the_command_only_where_it_trains_itself(call, monkeypatch, executor, encoded):
    """The nodes of a cluster encode for themselves; the command may run where that would take days."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from bench.api.execution import Execution
    from bench.executors import Inline
    from bench.training.images import CellImages

    prepared = []
    monkeypatch.setattr(CellImages, "prepare", lambda images, cell: prepared.append(cell))
    monkeypatch.setattr(Execution, "open_executor", lambda self, resources, store, *more: Inline(resources, store))
    assert call("run", *ASL, "--executor", executor).code == 0
    assert bool(prepared) == encoded
