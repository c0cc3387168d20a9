"""Sweep files: the flags that they say, what is stronger than they are, and wrong ones."""

from pathlib import Path

import pytest
from helpers.commands import ASL, GRID, plan_of

from bench.settings.plain_yaml import load

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
    every = plan_of(call, "run", str(sweep_file), "--methods", "all")
    assert keys(whole) < keys(every), "all methods, those of the file with its settings"
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
