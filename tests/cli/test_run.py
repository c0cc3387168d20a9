"""Grids and plans through the real command line."""

import csv

import pytest
from helpers.commands import ASL, GRID, plan_of

from bench.data.scenes.dataset import Scenes


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


def test_a_plan_composes_no_scene(call, monkeypatch):
    monkeypatch.setattr(Scenes, "_split", lambda *_: pytest.fail("scenes take a second to compose"))
    assert call("run", *ASL, "--dry-run").code == 0


@pytest.mark.slow
def test_a_plan_tells_the_time_only_of_what_has_run_here(call):
    before = call("run", *ASL, "--dry-run").out
    assert "1 cell: 0 done, 1 to do" in before
    assert "expected time: unknown" in before
    assert (
        "one epoch tells roughly: this command with --methods asl --ratios 0.5 --seeds 0 --set asl.epochs=1\n" in before
    )
    call("run", *ASL)
    more = ("--methods", "asl,hill", "--seeds", "0-1", *ASL[2:])
    after = call("run", *more, "--dry-run").out
    assert "4 cells: 1 done, 3 to do" in after
    assert "expected time: at least about 0:" in after
    assert "from 1 finished of these settings" in after
    assert "unknown: hill" in after
    assert "this command with --methods hill --ratios" in after
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


def test_a_ratio_that_the_protocol_does_not_have_is_told(call):
    words = "protocol single_positive has no ratio, so 10 % is not applied; --protocol partial hides labels"
    plain = ("run", "--methods", "asl", "--dry-run")
    assert words in call(*plain, "--protocol", "single_positive", "--ratios", "0.1").err
    assert "has no ratio" not in call(*plain, "--protocol", "single_positive").err
    assert "has no ratio" not in call(*plain, "--ratios", "0.1").err


def test_a_run_warns_of_settings_that_were_chosen_under_another_protocol(call):
    words = "the settings of tiny_clip were chosen under partial, and may be far from good under single_positive"
    other = ("run", "--methods", "asl", "--dry-run", "--protocol", "single_positive")
    assert words in call(*other, "--recipe", "tiny_clip").err
    assert words in call(*other, "--grid", "asl.recipe=auto,tiny_clip").err
    assert "were chosen under" not in call(*other).err
    assert "were chosen under" not in call("run", *ASL, "--dry-run", "--recipe", "tiny_clip").err
