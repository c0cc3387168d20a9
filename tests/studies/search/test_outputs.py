"""What a search leaves: figures, MLflow runs, the best settings as a file."""

import dataclasses
import io
import shutil

import numpy as np
import pytest
from helpers.search_world import a_search, searched
from PIL import Image

from bench.planning.plan import open_dataset, plan
from bench.planning.sweep_file import parse_sweep_file
from bench.records.store import Store
from bench.studies.search.archive import SearchArchive, archives
from bench.studies.search.best import full_settings, retrained, sweep_file
from bench.studies.search.figures import search_figures, write_figures
from bench.studies.search.outcome import TrialRecord, best
from bench.tracking import sync
from bench.tracking.database.client import create_database

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(cache, tmp_path_factory):
    """A finished search: (results, asked, dataset, trials)."""
    results = tmp_path_factory.mktemp("results")
    request, dataset = a_search(cache, sampler="random", pruner="median")

    def mishap(cell, attempt):
        return "OSError: disk" if cell.method.options["weight_decay"] > 2.5 else ""

    trials, _ = searched(results, request, dataset, total=14, mishap=mishap)
    return results, request, dataset, trials


def test_the_archive_holds_what_was_asked_and_every_trial(finished):
    results, request, dataset, trials = finished
    (archive,) = archives(results)
    assert archive.trials == trials
    record = archive.record
    assert (record["id"], record["method"], record["total"]) == (request.id(dataset), "bce_iu", 14)
    assert record["space"]["lr"] == request.space["lr"].to_json()
    assert [cell["test"] for cell in record["cells"]] == [False, False]


@pytest.mark.usefixtures("drawn")
@pytest.mark.slow
def test_figures_show_what_the_trials_suffice_for(finished):
    _, request, _, trials = finished
    images = search_figures(trials, request.space, "bce_iu")
    assert set(images) >= {"history", "slices", "parallel"}
    for by_suffix in images.values():
        assert {"png", "svg"} <= set(by_suffix)
        pixels = np.asarray(Image.open(io.BytesIO(by_suffix["png"])).convert("L"))
        assert pixels.std() > 5, "an empty page"
    assert search_figures([], request.space, "bce_iu") == {}
    assert set(search_figures(trials[:1], request.space, "one")) == {"history", "slices"}


@pytest.mark.usefixtures("drawn")
def test_figures_are_told_by_the_trials_alone(finished, tmp_path):
    _, request, _, trials = finished
    complete = [trial for trial in trials if trial.state == "complete"][:3]
    one, other = (search_figures(complete, request.space, "x") for _ in range(2))
    assert one == other
    changed = [dataclasses.replace(complete[0], value=1.0), *complete[1:]]
    assert search_figures(changed, request.space, "x")["history"]["png"] != one["history"]["png"]
    written = write_figures(one, tmp_path / "plots")
    assert all(path.stat().st_size > 1000 for path in written)


def test_the_option_that_matters_is_the_most_important():
    from bench.settings.config import log_float, uniform
    from bench.studies.search.importance import FEWEST_TRIALS, importances

    space = {"lr": log_float(1e-4, 1e-1), "noise": uniform(0, 1)}
    rng = np.random.default_rng(0)
    draws = [(10 ** rng.uniform(-4, -1), rng.uniform()) for _ in range(30)]
    trials = [
        TrialRecord(n, "complete", {"lr": lr, "noise": noise}, 80 - (np.log10(lr) + 2.5) ** 2)
        for n, (lr, noise) in enumerate(draws)
    ]
    shares = importances(trials, space)
    assert list(shares) == ["lr", "noise"]
    assert shares["lr"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    assert importances(trials[: FEWEST_TRIALS - 1], space) == {}


def test_the_file_of_the_best_settings_is_read_back_as_the_same_cells(finished, cache):
    _, request, _, trials = finished
    winner = best(trials)
    settings = {"bce_iu": full_settings(request, winner)}
    assert winner.settings.items() <= settings["bce_iu"].items()
    assert settings["bce_iu"]["head"] == "attention", "the recipe's own settings stand in it too"
    again = retrained(request.sweep, settings)
    text = sweep_file({"ratios": "0.1,0.5", "seeds": "0"}, request.sweep, settings, ["a heading", "of two lines"])
    read = parse_sweep_file(text, "best.yaml", {"methods", "ratios", "seeds"})
    assert read.flags == {"methods": "bce_iu", "ratios": "0.1,0.5", "seeds": "0"}
    reread = dataclasses.replace(again, overrides=read.settings)
    dataset = open_dataset(again, cache)
    assert [e.cell.key for e in plan(reread, dataset)] == [e.cell.key for e in plan(again, dataset)]
    cell = plan(again, dataset)[0].cell
    assert (cell.holdout, cell.test) == (0, True)
    assert cell.method.options["lr"] == winner.settings["lr"]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    create_database(path)
    return path


@pytest.mark.slow
def test_mlflow_has_the_search_and_its_trials_under_it_and_nothing_of_the_test_split(finished, template, tmp_path):
    from mlflow import MlflowClient

    results, _, _, trials = finished
    shutil.copytree(results, tmp_path / "store")
    store = Store(tmp_path / "store")
    archive = next(archives(store.root))
    write_figures(search_figures(trials[:2], finished[1].space, "x"), archive.folder / "plots")
    shutil.copy(template, store.root / "mlflow.db")
    report = sync(store)
    assert report.problems == []
    assert report.created == 1 + len(trials)
    assert sync(store).created == sync(store).updated == 0
    client = MlflowClient(report.uri)
    experiment = client.get_experiment_by_name("scenes/partial/search")
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = (run for run in runs if run.data.tags["kind"] == "search")
    children = {int(run.data.tags["trial"]): run for run in runs if run.data.tags["kind"] == "trial"}
    assert sorted(children) == [trial.number for trial in trials]
    assert {run.data.tags["mlflow.parentRunId"] for run in children.values()} == {parent.info.run_id}
    for trial in trials:
        run = children[trial.number]
        assert run.data.params == {name: str(value) for name, value in trial.settings.items()}
        assert run.data.metrics.get("objective") == trial.value
        assert run.data.tags["state"] == trial.state
        assert all("heldout" in name or name == "objective" for name in run.data.metrics)
    history = client.get_metric_history(parent.info.run_id, "best_objective")
    assert history[-1].value == best(trials).value
    assert {artifact.path for artifact in client.list_artifacts(parent.info.run_id, "plots")} >= {"plots/history.png"}
    assert SearchArchive(store.root, archive.name).trials == trials
