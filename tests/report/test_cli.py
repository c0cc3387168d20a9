"""`bench report` as people type it."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from helpers.store_factory import Grid, make_store
from typer.testing import CliRunner

import bench.report
from bench.cli import app
from bench.errors import UsageError
from bench.records.store import Store
from bench.tracking import sync

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    root = tmp_path_factory.mktemp("stores")
    for seed in (0, 1):
        grid = Grid(methods=("asl", "dualcoop"), percents=(10, 50), seeds=(seed,), epochs=2)
        make_store(root / f"seed{seed}", grid, created=f"2026-01-0{seed + 1}T00:00:00+00:00")
    return root


def run(*words) -> str:
    result = CliRunner().invoke(app, ["report", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_filters_and_stores_go_together(stores):
    given = ("--results", stores / "seed0", "--results", stores / "seed1", "--ratios", "0.1", "--baseline", "asl")
    data = json.loads(run(*given, "--json"))
    places = {(place["method"], place["percent"], place["seed"]) for place in data["places"]}
    assert places == {(method, 10, seed) for method in ("asl", "dualcoop") for seed in (0, 1)}
    text = (stores / "seed0" / "report.md").read_text()
    assert "## Gain over asl" in text
    assert data["report"].startswith(str(stores / "seed0" / "reports"))


def test_the_tables_are_printed_and_further_metrics_are_in_every_form_of_the_report(stores):
    given = ("--results", stores / "seed0", "--methods", "asl", "--metrics", "auroc,r@2")
    result = run(*given)
    assert "page " in result
    assert "report.html" in result
    assert "dualcoop" not in result
    assert "AUROC by share of known labels" in result
    assert "mean over all 6 classes" in " ".join(result.split())
    data = json.loads(run(*given, "--json"))
    folder = Path(data["report"]).parent
    assert all(50 < place["auroc"] <= 100 and 0 < place["r@2"] <= 100 for place in data["places"])
    assert pd.read_csv(folder / "results.csv")["auroc"].tolist() == [place["auroc"] for place in data["places"]]
    assert "## Further metrics, averages over ratios" in (folder / "report.md").read_text()
    page = (folder / "report.html").read_text()
    assert {'id="metrics"', 'id="metrics_auroc"', 'id="metrics_by_class_auroc"'} <= set(re.findall(r'id="\w+"', page))
    assert {path.name for path in folder.glob("metrics*")} == {
        "metrics.csv", "metrics.tex", "metrics_auroc.tex", "metrics_r_2.tex",
        "metrics_by_class.csv", "metrics_by_class_auroc.tex",
    }  # fmt: skip
    [key, *_] = [place["key"] for place in data["places"]]
    assert "<dt>r@2</dt>" in (folder / "cells" / f"{key}.html").read_text()


def test_metrics_are_kept_beside_the_report_wherever_it_is(stores, tmp_path, monkeypatch):
    monkeypatch.setattr(bench.report, "write_report", lambda *given, **words: None)
    shutil.copytree(stores / "seed0", tmp_path / "store", ignore=shutil.ignore_patterns("report*", "mlflow*"))
    run("--results", tmp_path / "store", "--metrics", "auroc", "--out", tmp_path / "own")
    assert len(list((tmp_path / "own" / "reports" / "measured").iterdir())) == 4
    assert not (tmp_path / "store" / "reports").exists()


@pytest.mark.parametrize(("words", "sentence"), [
    (("--metrics", "auroc,f1"), "no metric 'f1'; allowed: auroc, coverage, precision@recallR"),
    (("--metrics", " ,"), "--metrics is empty"),
    (("--methods", "asll"), "no method 'asll'"),
    (("--ratios", "0.7"), "No place of the table is left"),
    (("--baseline", "hill"), "no method 'hill'"),
    (("--sweep", "nothing"), "no sweep 'nothing'"),
])  # fmt: skip
def test_wrong_choices_are_one_sentence(stores, words, sentence):
    with pytest.raises(UsageError, match=sentence):
        run("--results", stores / "seed0", *words)


def test_a_report_from_mlflow_says_where_it_was_read_and_names_no_store_to_browse(stores, tmp_path):
    sync(Store(stores / "seed0"))
    address = f"sqlite:///{stores / 'seed0' / 'mlflow.db'}"
    result = run("--results", tmp_path, "--from-mlflow", address)
    assert f"read from {address}" in result
    assert "bench ui" not in result
    run("--results", stores / "seed0")
    assert (tmp_path / "report.md").read_text() == (stores / "seed0" / "report.md").read_text()


def test_a_comparison_is_of_the_newest_sweep_that_has_the_baseline_and_says_so(tmp_path):
    def compared(*words: str):
        words = ("compare", "--results", str(tmp_path), *words)
        return CliRunner().invoke(app, list(words), catch_exceptions=False)

    whole, alone = Grid(methods=("asl", "dualcoop"), percents=(10,)), Grid(methods=("asl", "bce_an"), percents=(50,))
    _, with_it = make_store(tmp_path, whole, created="2026-01-01T00:00:00+00:00")
    _, without = make_store(tmp_path, alone, created="2026-01-02T00:00:00+00:00")
    result = compared("--baseline", "dualcoop", "--json")
    assert result.exit_code == 0
    assert f"Of sweep {with_it}, the newest with dualcoop" in result.stderr
    assert {record["method"] for record in json.loads(result.stdout)} == {"asl", "dualcoop"}
    assert "Of sweep" not in compared("--baseline", "asl").stderr
    with pytest.raises(UsageError, match="this table has no method 'dualcoop'"):
        compared("--baseline", "dualcoop", "--sweep", without)
