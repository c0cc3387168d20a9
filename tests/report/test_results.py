"""What `load` makes of a store."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from helpers.store_factory import Grid, fail, finish, labels, make_store, running, save_sweep, scores

from bench.errors import UsageError
from bench.records.store import Store
from bench.report import curves, read_results
from bench.report.results import COLUMNS
from bench.stats.metrics import mean_average_precision
from bench.system.files import read_json, write_json

pytestmark = pytest.mark.slow


def test_there_is_one_line_for_each_place(finished):
    results = read_results(finished[0])
    places = results.frame[["method", "percent", "seed"]].drop_duplicates()
    assert len(results.frame) == len(places) == 4 * 3 * 2
    assert tuple(results.frame.columns[: len(COLUMNS)]) == COLUMNS
    assert results.methods == ("trm_ml", "dualcoop", "clip_zero_shot", "oracle")
    assert results.percents == (10, 50, 90)


def test_map_is_that_of_the_stored_scores(finished):
    store, _ = finished
    for line in read_results(store).frame.to_dict("records"):
        expected = mean_average_precision(store.scores(line["key"]), labels())
        assert line["mAP"] == pytest.approx(expected, abs=1e-12)
        assert line["mAP"] == pytest.approx(mean_average_precision(scores(store.cell(line["key"])), labels()))


def test_cells_without_a_ratio_fill_every_ratio(finished):
    frame = read_results(finished[0]).frame
    zero_shot, oracle = frame[frame["method"] == "clip_zero_shot"], frame[frame["method"] == "oracle"]
    assert len(zero_shot) == len(oracle) == 6
    assert zero_shot["key"].nunique() == 1
    assert oracle.groupby("seed")["key"].nunique().tolist() == [1, 1]
    assert set(zero_shot["role"]) == {"untrained"}
    assert set(oracle["role"]) == {"ceiling"}
    assert set(frame[frame["method"] == "trm_ml"]["role"]) == {"observed"}


def test_every_missing_place_is_named_with_its_reason(tmp_path):
    grid = Grid(methods=("trm_ml", "dualcoop", "asl", "oracle"), percents=(10, 50), skipped={"asl": "needs all labels"})
    store = Store(tmp_path)
    save_sweep(store, grid)
    failed, running_cell = grid.cell("trm_ml", 10, 0), grid.cell("dualcoop", 10, 0)
    fail(store, failed, message="out of memory")
    finish(store, grid.cell("oracle", 10, 0))
    with running(store, running_cell, epochs=2):
        missing = {(gap.method, gap.percent): (gap.state, gap.reason) for gap in read_results(store).missing}
    assert missing == {
        ("trm_ml", 10): ("failed", f"RuntimeError: out of memory (cell {failed.key})"),
        ("trm_ml", 50): ("planned", "not run yet"),
        ("dualcoop", 10): ("running", "2 epochs so far"),
        ("dualcoop", 50): ("planned", "not run yet"),
        ("asl", 10): ("skipped", "needs all labels"),
        ("asl", 50): ("skipped", "needs all labels"),
    }


def test_a_row_of_another_schema_is_missing_and_not_an_error(own):
    key = read_results(own).frame["key"].iloc[0]
    path = own.folder(key) / "row.json"
    row = read_json(path)
    del row["metrics"], row["sha256"]
    write_json(path, row)
    gap = read_results(own).missing[0]
    assert gap.state == "failed"
    assert key in gap.reason
    assert "metrics" in gap.reason


def test_the_sweep_asked_for_last_is_the_default(tmp_path):
    small, large = Grid(percents=(10,), epochs=2), Grid(percents=(10, 50), epochs=2)
    store, first = make_store(tmp_path, small, created="2026-01-01T00:00:00+00:00")
    second = save_sweep(store, large, created="2026-01-02T00:00:00+00:00")
    assert read_results(store).selection.id == second
    save_sweep(store, small, created="2026-01-03T00:00:00+00:00")
    assert read_results(store).selection.id == first
    assert read_results(store, second[:5]).selection.id == second


def test_wrong_choices_are_usage_errors(finished, tmp_path):
    with pytest.raises(UsageError, match="no sweep in"):
        read_results(Store(tmp_path))
    with pytest.raises(UsageError, match="no sweep 'nonsense'"):
        read_results(finished[0], "nonsense")
    with pytest.raises(UsageError, match="no method 'asll'; it has"):
        read_results(finished[0], methods=["asll"])
    with pytest.raises(UsageError, match="No place"):
        read_results(finished[0], percents=[11])


def test_filters_choose_places_and_another_folder(finished):
    whole, part = (
        read_results(finished[0]),
        read_results(finished[0], methods=["trm_ml", "oracle"], percents=[10], seeds=[1]),
    )
    assert set(zip(part.frame["method"], part.frame["percent"], part.frame["seed"], strict=True)) == {
        ("trm_ml", 10, 1), ("oracle", 10, 1),
    }  # fmt: skip
    assert part.selection.id != whole.selection.id


def test_merging_puts_comparable_sweeps_into_one_table(tmp_path):
    store, _ = make_store(
        tmp_path, Grid(methods=("asl",), percents=(10,), epochs=2), created="2026-01-01T00:00:00+00:00"
    )
    make_store(tmp_path, Grid(methods=("asl",), percents=(10, 50), epochs=2), created="2026-01-02T00:00:00+00:00")
    make_store(tmp_path, Grid(methods=("asl",), percents=(10,), epochs=2, lr=0.5), created="2026-01-03T00:00:00+00:00")
    make_store(tmp_path, Grid(methods=("asl",), percents=(10,), dataset="voc2007"), created="2026-01-04T00:00:00+00:00")
    newest = make_store(tmp_path, Grid(methods=("dualcoop",), percents=(10,)), created="2026-01-05T00:00:00+00:00")[1]
    merged = read_results(store, newest, merge=True)
    result = set(zip(merged.frame["method"], merged.frame["percent"], strict=True))
    assert result == {("asl [lr=0.001]", 10), ("asl [lr=0.001]", 50), ("asl [lr=0.5]", 10), ("dualcoop", 10)}
    assert set(merged.frame["mask_sha256"]) == set(read_results(store, newest).frame["mask_sha256"]) | {
        store.row(Grid(methods=("asl",), epochs=2).cell("asl", 50, 0).key).mask["sha256"]
    }


def test_differences_that_spoil_a_comparison_are_warned_of(own):
    assert read_results(own).warnings == ()
    cell = own.cell(read_results(own).frame.query("method == 'dualcoop' and percent == 50 and seed == 1")["key"].item())
    mask = {**own.row(cell.key).mask, "sha256": "0" * 64}
    finish(own, cell, mask=mask, code="other", environment={"device": "A GPU"}, test_best={})
    text = " ".join(read_results(own).warnings)
    assert "did not train on the same labels at 50 %, seed 1" in text
    assert "dualcoop come from 2 versions" in text
    assert "A GPU, cpu" in text
    assert "cells scored the test images after the last epoch only" in text


def test_curves_hold_every_epoch_of_every_place(finished):
    results = read_results(finished[0])
    frame = curves(results, finished[0])
    assert set(frame["method"]) == {"trm_ml", "dualcoop", "oracle"}
    assert len(frame) == 3 * 3 * 2 * 4
    assert frame["epoch"].max() == 4


def test_the_table_as_json_is_plain_and_complete(finished):
    data = json.loads(json.dumps(read_results(finished[0]).to_json()))
    frame = read_results(finished[0]).frame
    assert [place["mAP"] for place in data["places"]] == pytest.approx(frame["mAP"].tolist())
    assert data["places"][0]["percent"] == 10
    assert pd.isna(frame["heldout_best"]).sum() == sum(place["heldout_best"] is None for place in data["places"]) == 6


def test_importing_is_light():
    code = """if True:
        import sys
        import bench.report, bench.tracking
        assert not {"torch", "mlflow", "matplotlib", "seaborn", "pandas", "numpy"} & set(sys.modules)
        from bench.report import read_results, ratio_table, rich_table, write_report
        from bench.tracking import following, is_current, serving, sync, ui
        assert not {"torch", "mlflow", "matplotlib", "seaborn"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
