"""A run of the command line: what it says at the end, and with which code it ends."""

import json
import re
import sys
from pathlib import Path

import pytest
from helpers.commands import RUN, TINY

from bench.cli import main
from bench.errors import UsageError

pytestmark = pytest.mark.slow


def test_a_run_ends_with_the_table_the_report_and_how_to_browse(call, tmp_path):
    result = call(*RUN)
    assert result.code == 0
    assert "asl" in result.out
    assert "50 %" in result.out
    report = next(line for line in result.out.splitlines() if line.startswith("report")).split(maxsplit=1)[1]
    assert Path(report).exists()
    assert "bench ui --results results" in result.out
    assert "[1/1] asl scenes partial 50% seed 0: done mAP" in result.err
    assert "\x1b[" not in result.err, "a log is plain where there is no terminal"
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
    result = call(*RUN, "--json")
    assert result.code == 0
    assert json.loads(result.out)
    assert result.err == ""


def test_a_failing_cell_gives_exit_code_1_and_the_others_their_numbers(call, toys):
    result = call(*RUN, "--methods", "toy_refusing,asl", "--set", "toy_refusing.epochs=2")
    assert result.code == 1
    assert "failed RuntimeError: the toy refuses [/on purpose]" in result.err
    assert "Traceback" not in result.out + result.err
    assert "asl" in result.out
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
    result = call(*RUN, "--methods", "toy_refusing,asl", "--set", "toy_refusing.epochs=2")
    assert result.code == 1
    assert "\x1b[" in result.err
    assert "the toy refuses [/on purpose]" in re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", result.err)


def test_every_method_failing_still_ends_in_order(call, toys):
    result = call("run", "--methods", "toy_refusing", "--ratios", "0.5", *TINY)
    assert result.code == 1
    assert "Traceback" not in result.out + result.err


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
    "executor": (
        ("--executor", "thread"),
        "--executor 'thread' is not allowed; allowed: auto, inline, processes, ray, slurm",
    ),
    "inline with workers": (("--executor", "inline", "--workers", "2"), "--executor inline trains one cell at once"),
    "a cluster of processes": (("--gpus-per-cell", "0.5"), "is for a Ray or Slurm cluster, not for --executor auto"),
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
    result = call("run", "--methods", "asl", "--ratios", "0.5", *arguments)
    assert result.code == 2
    assert words in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert result.out == ""
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("arguments", [("--holdout", "95"), ("--wat",), ("--threads", "-1")])
def test_wrong_flags_give_exit_code_2(arguments, call, tmp_path):
    assert call("run", *arguments).code == 2
    assert not (tmp_path / "results").exists()


def test_debug_shows_the_traceback(call, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bench", "run", "--methods", "trm", "--debug"])
    with pytest.raises(UsageError, match="did you mean"):
        main()
