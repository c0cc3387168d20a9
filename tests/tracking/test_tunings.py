"""A tuning in MLflow: a run for all methods, one for each with what was chosen, and the views that show them."""

import json

import pytest

from bench.studies.search.archive import SearchArchive
from bench.studies.search.outcome import TrialRecord
from bench.studies.tune.archive import tune_archives
from bench.studies.tune.outcome import Tuning
from bench.studies.tune.page import TunedField, write_tuned
from bench.tracking import sync
from bench.tracking.runs.views import PREFIX
from bench.tracking.ui import experiment_pages

pytestmark = pytest.mark.slow

HOW = {
    "command": "bench tune", "date": "2026-01-02", "version": "1", "dataset": "scenes", "protocol": "partial",
    "backbone": "tiny_clip", "percents": [10], "seeds": [0, 1], "trials": 3, "holdout": 20, "judged": "observed",
    "search_seed": 0,
}  # fmt: skip
SPACE = {"lr": {"low": 1e-4, "high": 1e-2, "log": True}}


def _tuning(root, method: str, values) -> Tuning:
    """A method whose trials ended with these held-out mAPs, None for one that failed; its search is in the store."""
    archive = SearchArchive(root, f"{method}-1a2b3c4d5e")
    archive.save({
        "method": method, "dataset": "scenes", "protocol": "partial", "backbone": "tiny_clip", "percents": [10],
        "seeds": [0, 1], "holdout": 20, "judged": "observed", "total": 3, "sampler": "random", "pruner": "none",
        "optuna": "4", "command": ["bench", "tune"], "cells": [{}], "space": SPACE,
        "created": "2026-01-02T03:04:05+00:00", "asked": "2026-01-02T03:04:05+00:00",
    })  # fmt: skip
    trials = []
    for i, value in enumerate(values):
        cells = {f"{i}{seed}" * 8: {"percent": 10, "seed": seed, "heldout_mAP": (value or 0) + seed} for seed in (0, 1)}
        done = value is not None
        trials.append(
            TrialRecord(i, "complete" if done else "failed", {"lr": 0.001 * (i + 1)}, value, cells if done else {},
                        start=10.0 + i, end=11.0 + i)
        )  # fmt: skip
    archive.save_trials(trials)
    after = {"lr": trials[max(range(len(values)), key=lambda i: values[i] or 0)].settings["lr"], "epochs": 4}
    return Tuning(method, archive.name, SPACE, {"lr": 0.001, "epochs": 4}, after, tuple(trials))


@pytest.fixture
def tuned(empty) -> TunedField:
    tunings = (_tuning(empty.root, "asl", [60.0, 64.0, 62.0]), _tuning(empty.root, "csl", [70.0, 61.0, None]))
    field = TunedField(tunings, HOW, {"role": "needs more"}, {"asl": (50.0, 55.0), "csl": (None, None)})
    write_tuned(field, empty.root, empty.root / "recipe.toml", "backbone = 'tiny_clip'\n")
    return field


def test_a_tuning_read_again_is_the_one_that_was_written(empty, tuned):
    [archive] = tune_archives(empty.root)
    assert (archive.tuned(), archive.name) == (tuned, f"tune-{tuned.id}")


def test_each_method_is_a_run_with_its_choice_and_its_curve_under_the_tunings(empty, tuned, content):
    assert sync(empty).problems == []
    top, asl, csl = (f"tune:tune-{tuned.id}", *(f"tuned:tune-{tuned.id}:{method}" for method in ("asl", "csl")))
    held = content(empty)
    assert held.run(top)["experiment"] == held.run(asl)["experiment"] == "scenes/partial/search"
    assert held.tags(asl)["mlflow.parentRunId"] == held.units[top]
    assert held.params(asl) == {"lr": "0.002", "epochs": "4"}
    assert (held.tags(asl)["chosen"], held.tags(asl)["changed"]) == ("trial 2 of 3", "lr 0.001 -> 0.002")
    assert held.tags(csl)["chosen"] == "the settings as they were: no draw was better"
    assert "changed" not in held.tags(csl)
    points = held.points(asl)
    assert points["expected_heldout_mAP", 1] == points["heldout_mAP_as_they_were", 0] == 60.0
    assert points["expected_heldout_mAP", 2] == 63.0  # of two trials the second is one of 64 and 62
    assert points["expected_heldout_mAP", 3] == points["heldout_mAP", 0] == 64.0
    assert (points["test_mAP_as_they_were", 0], points["test_mAP_tuned", 0]) == (50.0, 55.0)
    assert not {key for key, _ in held.points(csl)} & {"test_mAP_as_they_were", "test_mAP_tuned"}
    note = held.tags(top)["mlflow.note.content"]
    assert "| csl | 2 of 3 |" in note
    assert held.units[f"search:{tuned.tunings[0].search}"]
    view = "SELECT value FROM experiment_tags WHERE key = ?"
    state = json.loads(json.loads(held.ask(view, f"{PREFIX}bench-tuned")[0][0])["state"])
    [(name, page)] = experiment_pages(empty, "here")
    assert name == "scenes/partial/search"
    assert "viewStateShareKey=bench-tuned&compareRunsMode=CHART" in page
    assert state["searchFilter"] == f"tags.kind = 'tuned' and tags.tune = 'tune-{tuned.id}'"


def test_nothing_is_written_twice_and_what_changed_is(empty, tuned, content):
    sync(empty)
    before = content(empty).everything()
    assert (sync(empty).created, content(empty).everything()) == (0, before)
    later = TunedField(tuned.tunings, HOW, tuned.left_out, {**tuned.tests, "csl": (51.0, 51.0)})
    write_tuned(later, empty.root, empty.root / "recipe.toml", "backbone = 'tiny_clip'\n")
    report = sync(empty)
    assert (report.created, report.updated) == (0, 2)  # csl's run, and the page among the artifacts
    assert content(empty).points(f"tuned:tune-{tuned.id}:csl")["test_mAP_tuned", 0] == 51.0


def test_a_broken_record_is_left_out_with_a_line_and_the_rest_is_there(empty, tuned, content):
    path = next(tune_archives(empty.root)).folder / "tune.json"
    path.write_text(path.read_text().replace('"partial"', '"../../etc"'))
    report = sync(empty)
    assert [problem.partition(" ")[0] for problem in report.problems] == [f"tune:tune-{tuned.id}"]
    assert f"search:{tuned.tunings[0].search}" in content(empty).units
