"""What studies and searches leave in MLflow: their pages as artifacts, and descriptions that are true of them."""

import dataclasses
import shutil
import urllib.parse
from pathlib import Path

import pytest
from helpers.study_stores import study_store

from bench.planning.recipes import recipe_for
from bench.records.store import Store
from bench.report import read_results
from bench.studies.ablation.findings import read_ablation
from bench.studies.ablation.page import write_ablation
from bench.studies.ablation.plan import plan_ablation
from bench.studies.search.archive import SearchArchive
from bench.studies.search.outcome import TrialRecord
from bench.studies.sensitivity.design import plan_sensitivity
from bench.studies.sensitivity.findings import read_sensitivity
from bench.studies.sensitivity.page import write_sensitivity
from bench.studies.variance.design import study, variance_lines
from bench.studies.variance.findings import read_variance, write_variance
from bench.tracking import sync
from bench.tracking.runs.how_to_read import HOW_TO_READ, HOW_TO_READ_SEARCHES
from methods import METHODS

pytestmark = pytest.mark.slow

TRM = METHODS.get("trm_ml")
SWEEP = "5" * 12


@dataclasses.dataclass(frozen=True)
class Spread:
    """A study of the variance, as `study_store` takes studies."""

    method: str = "asl"

    @property
    def variants(self):
        return variance_lines(["asl"], ["mask", "init"])

    def to_json(self):
        return study(["asl"], ["mask", "init"], [0, 1])


STUDIES = {
    "ablation": lambda: plan_ablation(TRM, "leave-one-out", recipe_for(TRM, "auto", "tiny_clip"), ["contrast"]),
    "sensitivity": lambda: plan_sensitivity(TRM, recipe_for(TRM, "auto", "tiny_clip"), ["kd_weight=0.01,0.1"]),
    "variance": Spread,
}
WRITE = {
    "ablation": lambda results, store: write_ablation(read_ablation(results, store), store),
    "sensitivity": lambda results, store: write_sensitivity(read_sensitivity(results), store),
    "variance": lambda results, store: write_variance(read_variance(results), store),
}


@pytest.fixture(params=STUDIES)
def studied(request, tmp_path, template) -> tuple[str, Store, Path]:
    """A store with a study whose page is written, and no database yet: the kind, the store, the page."""
    store = study_store(
        tmp_path, STUDIES[request.param](), lambda variant, percent, seed: 70.0 + seed, percents=(10,), seeds=(0, 1)
    )
    page = WRITE[request.param](read_results(store), store)
    shutil.copy(template, tmp_path / "mlflow.db")
    return request.param, store, page


def _artifacts(store: Store, content, unit: str) -> Path:
    return Path(urllib.parse.urlparse(content(store).run(unit)["artifact_uri"]).path)


def test_a_studys_page_lies_among_the_artifacts_of_its_sweep_and_is_named_there(studied, content):
    kind, store, page = studied
    first = sync(store)
    assert first.problems == []
    folder = _artifacts(store, content, f"sweep:{SWEEP}") / kind
    written = {path.name for path in page.parent.iterdir()} - {"stamp.json"}
    assert {path.name for path in folder.iterdir()} == written
    assert (folder / page.name).read_bytes() == page.read_bytes()
    note = content(store).tags(f"sweep:{SWEEP}")["mlflow.note.content"]
    assert f"`{kind}/{page.name}` among the artifacts" in note
    drawn = next(name for name in sorted(written) if name.endswith(".png"))
    assert urllib.parse.quote(f"{kind}/{drawn}", safe="") in note
    before = content(store).everything()
    second = sync(store)
    assert (second.created, second.updated, second.unchanged) == (0, 0, first.created)
    assert content(store).everything() == before


def test_a_page_that_is_written_later_is_brought_later(studied, content):
    kind, store, page = studied
    away = page.parent.with_name("away")
    page.parent.rename(away)
    sync(store)
    assert not (_artifacts(store, content, f"sweep:{SWEEP}") / kind).exists()
    away.rename(page.parent)
    report = sync(store)
    assert (report.created, report.updated) == (0, 1)
    assert (_artifacts(store, content, f"sweep:{SWEEP}") / kind / page.name).exists()


def _search(root: Path) -> SearchArchive:
    archive = SearchArchive(root, "asl-1a2b3c4d5e")
    archive.save({
        "method": "asl", "dataset": "scenes", "protocol": "partial", "backbone": "tiny_clip", "percents": [10],
        "seeds": [0], "holdout": 20, "judged": "observed", "total": 2, "sampler": "tpe", "pruner": "none",
        "optuna": "4", "command": ["bench", "search"], "cells": [{}], "space": {"lr": {"low": 1e-4, "high": 1e-2}},
        "created": "2026-01-02T03:04:05+00:00", "asked": "2026-01-02T03:04:05+00:00",
    })  # fmt: skip
    cells = {"k" * 16: {"percent": 10, "seed": 0, "heldout_mAP": 71.5}}
    archive.save_trials([
        TrialRecord(0, "complete", {"lr": 1e-3}, 70.0, cells, {"1": 60.0, "2": 70.0}, start=1.0, end=2.0),
        TrialRecord(1, "complete", {"lr": 2e-3}, 71.5, cells, {"1": 61.0, "2": 71.5}, start=2.0, end=3.0),
    ])  # fmt: skip
    plots = archive.folder / "plots"
    plots.mkdir()
    (plots / "history.png").write_bytes(b"a figure")
    best = archive.folder.parent / "best"
    best.mkdir()
    (best / f"{archive.name}.yaml").write_text(f"# asl: held-out mAP 71.50 (trial 1 of {archive.name})\nmethods: asl\n")
    return archive


def _description(content, store: Store, experiment: str) -> str:
    query = (
        "SELECT value FROM experiment_tags JOIN experiments USING (experiment_id) "
        "WHERE key = 'mlflow.note.content' AND name = ?"
    )
    return content(store).ask(query, experiment)[0][0]


def test_a_searchs_run_has_its_outcome_and_its_experiment_says_how_to_read_it(empty, content):
    archive = _search(empty.root)
    sync(empty)
    folder = _artifacts(empty, content, f"search:{archive.name}")
    assert (folder / "plots" / "history.png").read_bytes() == b"a figure"
    assert (folder / "trials.json").read_bytes() == (archive.folder / "trials.json").read_bytes()
    assert "methods: asl" in (folder / "best.yaml").read_text()
    result = _description(content, empty, "scenes/partial/search")
    assert result == HOW_TO_READ_SEARCHES
    # What it says of the runs is what they hold.
    search, trial = f"search:{archive.name}", f"trial:{archive.name}:1"
    assert content(empty).points(search) == {("best_objective", 0): 70.0, ("best_objective", 1): 71.5}
    points = content(empty).points(trial)
    assert points["objective", 0] == 71.5
    assert points["heldout_mAP/10_percent/seed_0", 0] == 71.5
    assert points["heldout_mAP", 1] == 61.0
    assert content(empty).params(trial) == {"lr": "0.002"}
    assert all(name in result for name in ("`best_objective`", "`objective`", "`heldout_mAP/10_percent/seed_0`"))
    assert content(empty).run(trial)["name"] == "asl trial 1"
    before = content(empty).everything()
    archive.save({**archive.record, "asked": "2027-01-02T03:04:05+00:00"})
    again = sync(empty)
    assert (again.created, again.updated) == (0, 0)
    assert content(empty).everything() == before


def test_a_description_that_was_wrong_is_put_right_and_a_persons_is_left(empty, content):
    from mlflow import MlflowClient

    archive = _search(empty.root)
    client = MlflowClient(sync(empty).uri)
    experiment = client.get_experiment_by_name("scenes/partial/search").experiment_id
    for note, kept in ((HOW_TO_READ, HOW_TO_READ_SEARCHES), ("What I think of it.", "What I think of it.")):
        client.set_experiment_tag(experiment, "mlflow.note.content", note)
        archive.save_trials([*archive.trials, TrialRecord(len(archive.trials), "failed", {"lr": 1.0})])
        sync(empty)
        assert _description(content, empty, "scenes/partial/search") == kept
