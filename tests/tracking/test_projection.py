"""A store's content in MLflow: runs, curves, views and small files."""

import json
import urllib.parse
from pathlib import Path

import pytest
from helpers.store_factory import CLASSES, Grid, curve, finish, row, running, save_sweep
from helpers.units import sweep_of, unit

from bench.report import Table, Value, read_results, write_report
from bench.tracking import sync
from bench.tracking.runs.names import RUN, TAG_LIMIT, metric_key
from bench.tracking.runs.notes import sweep_note
from bench.tracking.runs.usage import Sampler
from bench.tracking.ui import experiment_pages

pytestmark = pytest.mark.slow


def test_cells_hang_under_their_sweep(finished, content, grid):
    report = sync(finished)
    database = content(finished)
    assert (report.created, report.updated, report.unchanged) == (1 + 5 + 3, 0, 0)
    sweep = database.units[f"sweep:{sweep_of(finished)}"]
    assert all(database.tags(u).get("mlflow.parentRunId") == sweep for u in database.units if not u.startswith("sweep"))
    assert {database.run(u)["experiment"] for u in database.units} == {"scenes/partial"}
    assert {database.run(u)["status"] for u in database.units} == {"FINISHED"}


def test_a_cells_run_holds_its_identity_its_curve_and_its_row(finished, content, grid):
    sync(finished)
    database, cell = content(finished), grid.cell("asl", 50, 0)
    params, tags, points = database.params(unit(cell)), database.tags(unit(cell)), database.points(unit(cell))
    assert params["method"] == "asl"
    assert (params["percent"], params["seed"], params["method.lr"], params["dataset.n_train"]) == (
        "50",
        "0",
        "0.001",
        "3000",
    )
    expected = {"cell_key": cell.key, "method": "asl", "dataset": "scenes", "protocol": "partial", "ratio": "0.50"}
    assert expected.items() <= tags.items()
    for record in curve(cell):
        for name in ("mAP", "heldout_mAP", "loss", "loss_asl", "lr", "seconds"):
            assert points[f"curve/{name}", record["epoch"]] == record[name]
    made = row(cell)
    assert points["mAP", 0] == made.mAP
    assert points["test/mAP_voc", 0] == made.metrics["mAP_voc"]
    assert points["test_AP/potted plant", 0] == made.class_ap["potted plant"]
    assert ("test_AP/train", 0) not in points  # no test image has one
    assert points["run/time_total", 0] == made.timings["total"]
    assert points["test_best/mAP", 0] == made.test_best["mAP"]


def test_the_experiment_has_views_of_the_newest_sweep(finished, content):
    newer = save_sweep(finished, Grid(methods=("asl",), percents=(10,), epochs=4), created="2027-01-01T00:00:00+00:00")
    sync(finished)
    tags = dict(content(finished).ask("SELECT key, value FROM experiment_tags"))
    state = json.loads(json.loads(tags["mlflow.sharedViewState.bench-methods"])["state"])
    assert newer in state["searchFilter"]
    assert state["selectedColumns"] == ["metrics.`mAP_average`", "tags.`mAP 0.10`"]
    [(page, address)] = experiment_pages(finished, "http://here:1")
    assert page == "scenes/partial"
    assert address.startswith("http://here:1/#/experiments/1/runs?viewStateShareKey=bench-methods&")


def test_a_description_keeps_to_what_mlflow_takes():
    rows = tuple((Value(f"method_{i}"), *(Value("82.6 ± 1.2", "best", (i,)) for _ in range(10))) for i in range(60))
    table = Table("title", tuple("abcdefghijk"), rows, "What it is.", tuple(f"note {i}" for i in range(60)))
    note = sweep_note(table, "600 of 600 cells done", has_figure=True)
    assert len(note.replace(RUN, "0" * 32)) <= TAG_LIMIT
    assert "method_0 |" in note
    assert "more methods and the footnotes are in `report/report.md`" in note
    small = Table("title", ("a", "b"), rows[:2], "", ("note",))
    assert sweep_note(small, "done", has_figure=False).count("method_") == 2


def test_system_metrics_are_sampled_while_a_cell_runs(empty, content, grid):
    save_sweep(empty, grid)
    cell, sampler = grid.cell("asl", 10, 0), Sampler(empty)
    assert sampler.sample() == 0
    with running(empty, cell, epochs=1):
        assert [sampler.sample(), sampler.sample()] == [1, 1]
    assert sampler.sample() == 0
    finish(empty, cell)
    sync(empty)
    points = content(empty).points(unit(cell))
    memory = [points["system/process_memory_usage_megabytes", step] for step in (0, 1)]
    assert all(10 < value < 100_000 for value in memory)
    assert ("system/cpu_utilization_percentage", 2) not in points


def test_the_mask_is_an_input_of_the_run(finished, content, grid):
    sync(finished)
    cell = grid.cell("asl", 10, 0)
    joined = "datasets JOIN inputs ON source_id = dataset_uuid"
    query = f"SELECT name, digest, dataset_source FROM {joined} WHERE destination_id = ?"
    [(name, digest, source)] = content(finished).ask(query, content(finished).units[unit(cell)])
    sha256 = row(cell).mask["sha256"]
    assert (name, json.loads(source)["mask_sha256"]) == ("scenes", sha256)
    assert sha256.startswith(digest)


def test_small_files_lie_under_the_store(finished, content, grid):
    path = write_report(read_results(finished), finished)
    sync(finished)
    database = content(finished)

    def folder(name: str) -> Path:
        return Path(urllib.parse.urlparse(database.run(name)["artifact_uri"]).path)

    cell = folder(unit(grid.cell("asl", 10, 0)))
    assert cell.is_relative_to(finished.root / "mlflow-artifacts")
    assert json.loads((cell / "row.json").read_text())["key"] == grid.cell("asl", 10, 0).key
    assert (cell / "per_class.csv").read_text().splitlines()[0] == "class,AP"
    assert len((cell / "per_class.csv").read_text().splitlines()) == 1 + len(CLASSES)
    sweep = folder(f"sweep:{sweep_of(finished)}") / "report"
    assert {p.name for p in sweep.iterdir()} == {p.name for p in path.parent.iterdir()} - {"stamp.json"}
    note = database.tags(f"sweep:{sweep_of(finished)}")["mlflow.note.content"]
    assert "| asl |" in note
    assert f"run_uuid={database.units[f'sweep:{sweep_of(finished)}']}" in note
    # Scores, the only large files, take no room twice.
    scores = (cell / "scores.npz", finished.folder(grid.cell("asl", 10, 0).key) / "scores.npz")
    assert scores[0].read_bytes() == scores[1].read_bytes()
    assert scores[0].samefile(scores[1])


def test_names_are_made_fit_for_mlflow():
    assert [metric_key(n) for n in ("AP/a=b", "mAP@0.5", "AP/", "/x", "AP/Käse")] == [
        "AP/a_b", "mAP_0.5", "AP", "x", "AP/Käse",
    ]  # fmt: skip
