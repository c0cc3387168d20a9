"""`bench compare`: the real command, its tables, its JSON and its refusals."""

import json
import shutil

import pytest
from helpers import store_factory as factory
from helpers.store_factory import Grid

from bench.records.store import Store

pytestmark = pytest.mark.slow


def test_the_command_prints_tables_and_ours(store, call):
    done = call("compare", "--published", "voc2007", "--results", str(store.root))
    assert done.code == 0, done.err
    assert "Frozen CLIP ResNet-101 at 448 pixels" in done.out
    assert "ours, 2 seeds" in done.out
    assert "No finished cell" not in done.out
    only = call("compare", "--published", "voc2007", "--protocol", "hcp", "--results", str(store.root))
    assert "Published on voc2007, share of known labels" in only.out
    assert "no labels" not in only.out


def test_the_command_without_a_cell_says_so(call, tmp_path):
    done = call("compare", "--published", "vg200", "--results", str(tmp_path))
    assert done.code == 0
    assert "No finished cell of vg200" in done.out


def test_the_commands_json_and_markdown(store, call):
    at = ("compare", "--published", "voc2007", "--results", str(store.root))
    assert {group["dataset"] for group in json.loads(call(*at, "--json").out)} == {"voc2007"}
    assert call(*at, "--markdown").out.startswith("## Published on voc2007")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--published", "voc07"], "did you mean 'voc2007'"),
        (["--published", "voc2007", "--protocol", "hpc"], "did you mean 'hcp'"),
        (["--published", "vg200", "--protocol", "full"], "no published number of vg200"),
        (["--published", "vg200", "--json", "--markdown"], "choose one"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_two(arguments, sentence, call, tmp_path):
    done = call("compare", *arguments, "--results", str(tmp_path))
    assert done.code == 2
    assert sentence in done.err
    assert done.err.startswith("error: ")


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Store:
    grid = Grid(methods=("trm_ml", "dualcoop", "asl"), percents=(10, 50), seeds=(0, 1, 2))
    return factory.make_store(tmp_path_factory.mktemp("swept"), grid)[0]


def test_a_sweeps_methods_are_compared_with_both_intervals(swept, call):
    done = call("compare", "--results", str(swept.root))
    assert done.code == 0, done.err
    assert "difference from dualcoop, with intervals over seeds" in done.out
    assert "difference from dualcoop, with intervals over test images" in done.out
    records = json.loads(call("compare", "--results", str(swept.root), "--methods", "asl,dualcoop", "--json").out)
    assert {record["method"] for record in records} == {"asl", "dualcoop"}
    [at_ten] = [r for r in records if (r["method"], r["percent"]) == ("asl", 10)]
    means = {
        name: sum(r.mAP for r in swept.rows() if (r.cell.method.name, r.cell.percent) == (name, 10)) / 3
        for name in ("asl", "dualcoop")
    }
    assert at_ten["difference"] == pytest.approx(means["asl"] - means["dualcoop"])
    assert at_ten["images_low"] < at_ten["difference"] < at_ten["images_high"]
    assert at_ten["interval"] == "t95"
    turned = json.loads(call("compare", "--results", str(swept.root), "--baseline", "asl", "--json").out)
    [back] = [r for r in turned if (r["method"], r["percent"]) == ("dualcoop", 10)]
    assert back["difference"] == pytest.approx(-at_ten["difference"])
    assert back["images_low"] == pytest.approx(-at_ten["images_high"])


def test_lost_scores_are_told(swept, call, tmp_path):
    shutil.copytree(swept.root, tmp_path / "copy")
    (next((tmp_path / "copy" / "cells").iterdir()) / "scores.npz").unlink()
    done = call("compare", "--results", str(tmp_path / "copy"))
    assert done.code == 0
    assert "with intervals over test images" not in done.out
    assert "scores are gone" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--methods", "asl"], "needs two methods"),
        (["--baseline", "dualcop"], "did you mean 'dualcoop'"),
        (["--protocol", "hcp"], "--protocol belongs to comparisons of --published"),
        (["--published", "coco", "--baseline", "asl"], "--baseline belongs to comparisons of a sweep"),
        (["--sweep", "nope"], "There is no sweep 'nope'"),
    ],
)
def test_flags_that_do_not_belong_are_refused(arguments, sentence, swept, call):
    done = call("compare", *arguments, "--results", str(swept.root))
    assert done.code == 2
    assert sentence in done.err
