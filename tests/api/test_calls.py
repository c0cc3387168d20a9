"""The Python interface: what it takes, what it says of wrong use, that it is silent if asked, and equal to the CLI."""

import inspect
import json
import subprocess
import sys

import pytest

import bench

pytestmark = pytest.mark.slow

SMALL = {"scenes": {"n_train": 60, "n_test": 40}}
SHORT = {**SMALL, "asl": {"epochs": 1}}
FLAGS = ("--data", "scenes.n_train=60", "--data", "scenes.n_test=40", "--set", "asl.epochs=1")
VARYING = ("timings", "peak_memory", "finished")


@pytest.fixture
def words(cache, tmp_path):
    return {"settings": SMALL, "results": tmp_path / "results", "cache": cache, "progress": False}


def test_a_cell_is_the_same_through_python_and_through_the_command_line(call, words, tmp_path):
    sweep = bench.run("asl", 0.5, **{**words, "settings": SHORT})
    assert call("run", "--methods", "asl", "--ratios", "0.5", "--results", "cli", *FLAGS).code == 0
    typed = bench.open_store(tmp_path / "cli")
    ours, theirs = sweep.store.rows(), typed.rows()
    assert len(ours) == 1
    for row, other in zip(ours, theirs, strict=True):
        row, other = json.loads(json.dumps(row.to_json())), json.loads(json.dumps(other.to_json()))
        for kept in (row, other):
            kept["files"].pop("curve.jsonl")  # it holds seconds
        assert {k: v for k, v in row.items() if k not in VARYING} == {
            k: v for k, v in other.items() if k not in VARYING
        }
    (key,) = sweep.store.keys()
    assert (sweep.store.scores(key) == typed.scores(key)).all()
    assert sweep.id == bench.open_sweep(typed).id


def test_what_is_done_is_not_run_again_and_nothing_is_printed(words, capfd):
    first = bench.run("clip_zero_shot", 0.5, **words)
    again = bench.run("clip_zero_shot", 0.5, **words)
    assert first.failed == again.failed == 0
    assert first.to_frame()["finished"].equals(again.to_frame()["finished"])
    assert capfd.readouterr() == ("", "")


def test_progress_is_told_on_standard_error(words, capfd):
    bench.run("clip_zero_shot", 0.5, **{**words, "progress": True})
    output = capfd.readouterr()
    assert output.out == ""
    assert "[1/1] clip_zero_shot" in output.err


def test_a_plan_writes_nothing_and_knows_what_is_done(words, tmp_path):
    plan = bench.plan(["asl", "clip_zero_shot"], [0.1, 0.5], seeds=[0, 1], **words)
    assert not (tmp_path / "results").exists()
    assert len(plan.entries) == 8
    assert len(plan) == 5  # one zero-shot cell fills four places
    assert set(plan.to_frame()["state"]) == {"planned"}
    bench.run("clip_zero_shot", 0.5, **words)
    assert plan.to_frame().groupby("method")["state"].unique().map(list).to_dict() == {
        "asl": ["planned"],
        "clip_zero_shot": ["done"],
    }
    assert "5 cells: 1 done, 4 to do" in str(plan)
    assert "5 cells: 1 done, 4 to do" in plan._repr_html_()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"methods": []}, "^methods is empty"),
        ({"ratios": 0.123}, "^ratios '0.123'"),
        ({"seeds": -1}, "^seeds '-1'"),
        ({"holdout": 95}, "^holdout 95 is not allowed"),
        ({"settings": {"asl": {"no": 1}}}, "asl has no option 'no'"),
        ({"executor": "slurm!"}, "^executor 'slurm!' is not allowed"),
        ({"grid": {"aslx": {"lr": [1]}}}, "aslx"),
    ],
)
def test_wrong_use_is_a_usage_error_in_python_words(wrong, sentence, words, tmp_path):
    with pytest.raises(bench.UsageError, match=sentence) as caught:
        bench.plan(**{"methods": "asl", **words, **wrong})
    assert "--" not in str(caught.value)
    assert not (tmp_path / "results").exists()


def test_numbers_and_texts_ask_for_the_same(words):
    texts = bench.plan("asl", "0.1-0.3", seeds="0-1", **words)
    numbers = bench.plan("asl", [0.1, 0.2, 0.1 + 0.2], seeds=[0, 1], **words)
    assert texts.request == numbers.request
    assert bench.plan("asl", [10, 20, 30], seeds=range(2), **words).request == texts.request


def test_a_grid_gives_each_setting_a_line(words):
    plan = bench.plan("asl", 0.5, grid={"asl": {"lr": [1e-3, 1e-2]}}, **words)
    assert [entry.method for entry in plan.entries] == ["asl [lr=0.001]", "asl [lr=0.01]"]


def test_run_takes_the_words_of_plan_and_records_them(words):
    assert inspect.signature(bench.run).parameters == inspect.signature(bench.plan).parameters
    sweep = bench.run("clip_zero_shot", ratios=0.5, **words)
    assert sweep.store.sweeps()[-1].command[0].startswith("bench.run(methods='clip_zero_shot', ratios=0.5, ")


def test_importing_bench_loads_nothing_heavy(environment):
    code = (
        "import sys, bench; bench.UsageError; sys.exit(', '.join({'torch', 'pandas', 'numpy'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_every_public_name_is_there():
    assert all(getattr(bench, name) is not None for name in bench.__all__)
    assert issubclass(bench.DataError, bench.BenchError)
