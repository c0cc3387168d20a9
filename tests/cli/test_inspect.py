"""Commands that look at what there is: help, dry runs, `ls`, `status`, `report`, `doctor`."""

import json
import re

import pytest
from helpers.commands import RUN, TINY
from helpers.store_factory import Grid, fail, finish, save_sweep

from bench.records.store import Store

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("command", ["run", "search", "ablate"])
def test_help_sorts_the_flags(command, call):
    """What is run, how, and what is for clusters alone; paragraphs fill the line."""
    result = call(command, "--help").out
    titles = ("What is run", "How it is run", "A cluster, with .*?", "Ray, with .*?", "Slurm, with .*?")
    own, *panels = re.split(f"─ (?:{'|'.join(titles)}) ─", result)
    flags = ("--ratios", "--workers", "--cpus-per-cell", "--address", "--slurm-time")
    for flag, panel in zip(flags, panels, strict=True):
        assert flag in panel
    assert "--ratios" not in own
    assert "Exit codes: 0 all done, 1 some" in result


def test_dry_run_shows_the_plan_and_changes_nothing(call, tmp_path):
    arguments = ("run", "--methods", "asl,oracle,clip_zero_shot", "--ratios", "0.1-0.9", *TINY, "--dry-run")
    result = call(*arguments)
    assert result.code == 0
    assert "11 cells: 0 done, 11 to do" in result.out, "nine of asl, one of each that does not depend on the ratio"
    places = json.loads(call(*arguments, "--json").out)["places"]
    assert len(places) == 27
    assert {place["state"] for place in places} == {"planned"}
    assert list(tmp_path.iterdir()) == []


def test_data_names_the_dataset_too(call):
    world = ("--data", "scenes.world=7", "--data", "scenes.n_train=20", "--data", "scenes.n_test=10")
    result = call("run", "--methods", "asl", "--ratios", "0.5", "--dry-run", "--json", *world)
    [place] = json.loads(result.out)["places"]
    home = call("run", "--methods", "asl", "--ratios", "0.5", "--dry-run", "--json", *TINY)
    assert place["key"] != json.loads(home.out)["places"][0]["key"]


@pytest.mark.parametrize(
    ("axis", "name"),
    [
        ("methods", "asl"),
        ("datasets", "scenes"),
        ("protocols", "partial"),
        ("backbones", "tiny_clip"),
        ("metrics", "auroc"),
    ],
)
def test_ls_lists_each_axis_and_describes_each_entry(axis, name, call):
    assert name in call("ls", axis).out
    rows = json.loads(call("ls", axis, "--json").out)
    assert name in [row["name"] for row in rows]
    assert all(row["what"] for row in rows)
    for row in rows:
        about = json.loads(call("ls", axis, row["name"], "--json").out)
        assert about["name"] == row["name"]
        shown = call("ls", axis, row["name"])
        assert shown.code == 0
        assert row["name"] in shown.out
        assert all(option["option"] in shown.out for option in about["options"])


def test_ls_takes_a_metric_as_the_report_does(call):
    assert json.loads(call("ls", "metrics", "r@5", "--json").out)["name"] == "r"


def test_ls_of_what_there_is_not(call):
    assert call("ls", "wizards").code == 2
    result = call("ls", "methods", "trm")
    assert result.code == 2
    assert "did you mean 'trm_ml'" in result.err


def test_status_before_any_run_says_how_to_start(call):
    result = call("status")
    assert result.code == 2
    assert "There is no store at results; give the folder of a `bench run`, or start one." in result.err
    assert "bench run" in result.err


def test_status_counts_cells_once_and_names_earlier_sweeps(call):
    call(*RUN)
    earlier = json.loads(call("status", "--json").out)["sweep"]
    call("run", "--methods", "clip_zero_shot", "--ratios", "0.1,0.5", *TINY)
    shown = call("status").out
    assert "\n1 done\n" in shown, "one cell fills both places"
    assert f"--sweep {earlier}: bench run " in shown


def test_status_tells_a_result_of_older_code(call, monkeypatch):
    call(*RUN)
    assert [row["state"] for row in json.loads(call("status", "--json").out)["cells"]] == ["done"]
    monkeypatch.setattr("bench.report.source.installed_code", lambda method: "of another day")
    [row] = json.loads(call("status", "--json").out)["cells"]
    assert row["state"] == "stale"
    assert "has changed since" in row["detail"]


def test_status_of_many_cells_counts_them_and_lists_what_failed(call, tmp_path):
    store, grid = (
        Store(tmp_path / "results"),
        Grid(methods=("asl", "bce_iu"), percents=(10, 50), seeds=tuple(range(12))),
    )
    save_sweep(store, grid)
    cells = grid.cells()
    fail(store, cells[0], message="out of luck")
    for cell in cells[1:4]:
        finish(store, cell)
    result = call("status")
    assert result.code == 0, result.err
    assert len(result.out.splitlines()) < 15
    assert "44 planned" in result.out
    assert "out of luck" in result.out
    assert "(1 failed" in result.out
    assert cells[0].key in result.out
    assert cells[1].key not in result.out
    every = call("status", "--cells").out
    assert all(cell.key in every for cell in cells)


def test_report_writes_it_again(call, tmp_path):
    call(*RUN)
    for path in (tmp_path / "results" / "reports").rglob("*.md"):
        path.unlink()
    result = call("report")
    assert result.code == 0
    assert list((tmp_path / "results" / "reports").rglob("report.md"))


def test_doctor_checks_that_a_run_repeats_itself(call, tmp_path):
    result = call("doctor", "--json")
    findings = {finding["title"]: finding for finding in json.loads(result.out)}
    assert findings["self-check"]["fine"], findings["self-check"]["detail"]
    assert {"versions", "device", "methods", "datasets", "protocols", "backbones", "links", "trust"} <= set(findings)
    assert result.code == (0 if all(finding["fine"] for finding in findings.values()) else 1)
    assert list(tmp_path.iterdir()) == [], "looking changes nothing"
