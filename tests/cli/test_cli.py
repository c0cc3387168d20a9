"""The command line: what it says, what it leaves, and with which code it ends."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.store_factory import make_store

from bench.cli import main
from bench.errors import UsageError

TINY = ("--set", "scenes.n_train=120", "--set", "scenes.n_test=60")
RUN = ("run", "--methods", "asl", "--ratios", "0.5", "--set", "asl.epochs=1", *TINY)


LATER = {"mlflow", "optuna", "matplotlib", "seaborn", "sklearn"}
ARRAYS = {"torch", "numpy", "mmengine", "open_clip", "pandas", "bench.planning.plan"}


@pytest.mark.parametrize(
    ("arguments", "heavy", "expected"),
    [
        (["--help"], LATER | ARRAYS, ["run", "variance", "prepare", "status", "ls", "report", "ui", "sync", "doctor"]),
        (["ls", "methods"], LATER | {"open_clip"}, ["trm_ml", "dualcoop"]),
        (["status"], LATER | {"open_clip"}, ["mAP"]),
        ([*RUN, "--dry-run"], LATER, ["1 to do"]),
    ],
    ids=["help", "ls", "status", "dry-run"],
)
def test_a_command_imports_only_what_it_needs(arguments, heavy, expected, environment, tmp_path):
    """Nothing that takes long to import is imported for an answer that does without it."""
    code = """
import sys
from bench.cli import main
heavy = sys.argv.pop().split(",")
try:
    main()
except SystemExit as ending:
    assert not ending.code
sys.exit(", ".join(set(heavy) & set(sys.modules)) or 0)
"""
    make_store(tmp_path / "results")
    command = [sys.executable, "-c", code, *arguments, ",".join(heavy)]
    told = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 0, f"imported: {told.stderr}"
    for word in expected:
        assert word in told.stdout


@pytest.mark.parametrize("command", ["run", "search", "ablate"])
def test_help_sorts_the_flags(command, call):
    """What is run, how, and what is for a Ray cluster alone; paragraphs fill the line."""
    told = call(command, "--help").out
    own, *panels = re.split("─ (?:What is run|How it is run|A Ray cluster, with --executor ray) ─", told)
    for flag, panel in zip(("--ratios", "--workers", "--address"), panels, strict=True):
        assert flag in panel
    assert "--ratios" not in own
    assert "Exit codes: 0 all done, 1 some" in told


def test_a_run_ends_with_the_table_the_report_and_how_to_browse(call, tmp_path):
    told = call(*RUN)
    assert told.code == 0
    assert "asl" in told.out
    assert "50 %" in told.out
    report = next(line for line in told.out.splitlines() if line.startswith("report")).split(maxsplit=1)[1]
    assert Path(report).exists()
    assert "bench ui --results results" in told.out
    assert "[1/1] asl scenes partial 50% seed 0: done mAP" in told.err
    assert "\x1b[" not in told.err, "a log is plain where there is no terminal"
    assert [p.name for p in tmp_path.iterdir()] == ["results"]


def test_a_second_run_finds_everything_done(call):
    call(*RUN)
    plan = json.loads(call(*RUN, "--dry-run", "--json").out)
    assert [place["state"] for place in plan["places"]] == ["done"]
    assert (plan["cells"]["done"], plan["cells"]["todo"]) == (1, 0)
    again = call(*RUN)
    assert again.code == 0
    assert again.err == ""


def test_json_goes_to_standard_output_alone(call):
    told = call(*RUN, "--json")
    assert told.code == 0
    assert json.loads(told.out)
    assert told.err == ""


def test_a_failing_cell_gives_exit_code_1_and_the_others_their_numbers(call, toys):
    told = call(*RUN, "--methods", "toy_refusing,asl", "--set", "toy_refusing.epochs=2")
    assert told.code == 1
    assert "failed RuntimeError: the toy refuses [/on purpose]" in told.err
    assert "Traceback" not in told.out + told.err
    assert "asl" in told.out
    status = json.loads(call("status", "--json").out)
    states = {row["method"]: (row["state"], row["detail"]) for row in status["cells"]}
    assert states["toy_refusing"] == ("failed", "RuntimeError: the toy refuses [/on purpose]")
    assert states["asl"][0] == "done"
    table = call("status")
    assert table.code == 0
    assert "1 failed" in table.out
    assert "[/on purpose]" in table.out


def test_on_a_terminal_the_display_is_live_and_errors_stay_whole(call, toys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    told = call(*RUN, "--methods", "toy_refusing,asl", "--set", "toy_refusing.epochs=2")
    assert told.code == 1
    assert "\x1b[" in told.err
    assert "the toy refuses [/on purpose]" in re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", told.err)


def test_every_method_failing_still_ends_in_order(call, toys):
    told = call("run", "--methods", "toy_refusing", "--ratios", "0.5", *TINY)
    assert told.code == 1
    assert "Traceback" not in told.out + told.err


WRONG = {
    "method": (("--methods", "trm"), "There is no method 'trm'; did you mean 'trm_ml'?"),
    "no method": (("--methods", ","), "--methods is empty"),
    "dataset": (("--dataset", "scene"), "There is no dataset 'scene'; did you mean 'scenes'?"),
    "protocol": (("--protocol", "partail"), "There is no protocol 'partail'; did you mean 'partial'?"),
    "backbone": (("--backbone", "tinyclip"), "There is no backbone 'tinyclip'; did you mean 'tiny_clip'?"),
    "recipe": (("--recipe", "bcee"), "method 'asl' has no recipe 'bcee'; did you mean 'bce'?"),
    "option of a method": (("--set", "asl.lrr=1"), "asl has no option 'lrr'; did you mean 'lr'?"),
    "option of the dataset": (("--data", "scenes.wrld=1"), "scenes has no option 'wrld'; did you mean 'world'?"),
    "value": (("--set", "asl.lr=fast"), "asl.lr = 'fast' is not allowed"),
    "infinite value": (("--set", "asl.lr=inf"), "asl.lr = 'inf' is not allowed"),
    "value of the dataset": (("--set", "scenes.world=-1"), "world"),
    "stranger": (("--set", "dualcoop.lr=1"), "options for 'dualcoop' were given, but this run uses only asl"),
    "form": (("--set", "lr=1"), "write NAME.OPTION=VALUE"),
    "ratios": (("--ratios", "0.9-0.1"), "runs backwards"),
    "seeds": (("--seeds", "x"), "is no seed"),
    "executor": (("--executor", "thread"), "--executor 'thread' is not allowed; allowed: auto, inline, processes, ray"),
    "inline with workers": (("--executor", "inline", "--workers", "2"), "--executor inline trains one cell at once"),
    "a cluster of processes": (("--gpus-per-cell", "0.5"), "are for a Ray cluster, not for --executor auto"),
    "one and a half GPUs": (
        ("--executor", "ray", "--gpus-per-cell", "1.5"),
        "give a fraction of one or a whole number",
    ),
    "device": (("--device", "tpu"), "--device 'tpu' is not allowed; give auto, cpu or cuda"),
    "no root": (("--dataset", "coco"), "dataset 'coco' is read from your disk; say where with --root"),
    "wrong root": (("--dataset", "coco", "--root", "nowhere"), "is missing; --root must be"),
    "size": (("--backbone", "RN50", "--set", "RN50.image_size=100"), "multiple of 32"),
    "weights": (("--backbone", "RN50", "--set", "RN50.weights=opanai"), "no file and no tag"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG)
def test_wrong_use_gives_one_sentence_exit_code_2_and_leaves_nothing(arguments, words, call, tmp_path):
    told = call("run", "--methods", "asl", "--ratios", "0.5", *arguments)
    assert told.code == 2
    assert words in told.err
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("arguments", [("--holdout", "95"), ("--wat",), ("--threads", "-1")])
def test_wrong_flags_give_exit_code_2(arguments, call, tmp_path):
    assert call("run", *arguments).code == 2
    assert not (tmp_path / "results").exists()


def test_debug_shows_the_traceback(call, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench", "run", "--methods", "trm", "--debug"])
    with pytest.raises(UsageError, match="did you mean"):
        main()


def test_dry_run_shows_the_plan_and_changes_nothing(call, tmp_path):
    arguments = ("run", "--methods", "asl,oracle,clip_zero_shot", "--ratios", "0.1-0.9", *TINY, "--dry-run")
    told = call(*arguments)
    assert told.code == 0
    assert "11 cells: 0 done, 11 to do" in told.out, "nine of asl, one of each that does not depend on the ratio"
    places = json.loads(call(*arguments, "--json").out)["places"]
    assert len(places) == 27
    assert {place["state"] for place in places} == {"planned"}
    assert list(tmp_path.iterdir()) == []


def test_data_names_the_dataset_too(call):
    world = ("--data", "scenes.world=7", "--data", "scenes.n_train=20", "--data", "scenes.n_test=10")
    told = call("run", "--methods", "asl", "--ratios", "0.5", "--dry-run", "--json", *world)
    [place] = json.loads(told.out)["places"]
    home = call("run", "--methods", "asl", "--ratios", "0.5", "--dry-run", "--json", *TINY)
    assert place["key"] != json.loads(home.out)["places"][0]["key"]


@pytest.mark.parametrize(
    ("axis", "name"), [("methods", "asl"), ("datasets", "scenes"), ("protocols", "partial"), ("backbones", "tiny_clip")]
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


def test_ls_of_what_there_is_not(call):
    assert call("ls", "wizards").code == 2
    told = call("ls", "methods", "trm")
    assert told.code == 2
    assert "did you mean 'trm_ml'" in told.err


def test_status_before_any_run_says_how_to_start(call):
    told = call("status")
    assert told.code == 2
    assert "There is no sweep in results yet" in told.err
    assert "bench run" in told.err


def test_status_tells_a_result_of_older_code(call, monkeypatch):
    call(*RUN)
    assert [row["state"] for row in json.loads(call("status", "--json").out)["cells"]] == ["done"]
    monkeypatch.setattr("bench.system.environment.source_hash", lambda method: "of another day")
    [row] = json.loads(call("status", "--json").out)["cells"]
    assert row["state"] == "stale"
    assert "has changed since" in row["detail"]


def test_report_writes_it_again(call, tmp_path):
    call(*RUN)
    for path in (tmp_path / "results" / "reports").rglob("*.md"):
        path.unlink()
    told = call("report")
    assert told.code == 0
    assert list((tmp_path / "results" / "reports").rglob("report.md"))


def test_doctor_checks_that_a_run_repeats_itself(call, tmp_path):
    told = call("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(told.out)}
    assert findings["self-check"]["fine"], findings["self-check"]["detail"]
    assert {"versions", "device", "methods", "datasets", "protocols", "backbones", "links", "trust"} <= set(findings)
    assert told.code == (0 if all(finding["fine"] for finding in findings.values()) else 1)
    assert list(tmp_path.iterdir()) == [], "looking changes nothing"


def test_python_dash_m_is_the_same_command(environment, tmp_path):
    command = [sys.executable, "-m", "bench", "ls", "wizards"]
    told = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 2
    assert "'methods'" in told.stderr
