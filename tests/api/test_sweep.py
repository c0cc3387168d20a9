"""A sweep as frames, a table and a report: from a fabricated store, so that many cells cost nothing."""

import matplotlib as mpl
import pandas as pd
import pytest
from helpers.store_factory import Grid, make_store
from matplotlib import pyplot
from matplotlib.figure import Figure
from pandas.api import types

import bench
from bench.api import comparison, frames
from bench.records import frame as cells

pytestmark = pytest.mark.slow

mpl.use("Agg")

GRID = Grid(methods=("trm_ml", "dualcoop", "clip_zero_shot"), percents=(10, 50), seeds=(0, 1, 2), epochs=3)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    store, made = make_store(tmp_path_factory.mktemp("store") / "results", GRID)
    return bench.open_sweep(store, made)


def test_a_sweep_has_a_row_for_each_place(sweep):
    frame = sweep.to_frame()
    assert len(frame) == 3 * 2 * 3
    assert list(frame.columns[: len(frames.PLACE_COLUMNS)]) == list(frames.PLACE_COLUMNS)
    assert set(zip(frame["method"], frame["percent"], frame["seed"], strict=True)) == {
        (method, percent, seed) for method in GRID.methods for percent in GRID.percents for seed in GRID.seeds
    }
    zero_shot = frame[frame["method"] == "clip_zero_shot"]
    assert zero_shot["key"].nunique() == 1
    assert set(zero_shot["role"]) == {"untrained"}


def test_a_store_has_a_row_for_each_cell(sweep):
    frame = sweep.store.to_frame()
    assert list(frame.columns[: len(cells.ROW_COLUMNS)]) == list(cells.ROW_COLUMNS)
    assert sorted(frame["key"]) == sorted(sweep.store.keys())
    row = sweep.store.row(frame["key"][0])
    assert frame["mAP"][0] == row.mAP
    assert frame["method"][0] == row.cell.method.name


def test_further_metrics_are_last_columns(sweep):
    frame = sweep.to_frame(metrics="auroc,r@2")
    assert list(frame.columns[-2:]) == ["auroc", "r@2"]
    cells_of_store = sweep.store.to_frame(["auroc"]).set_index("key")["auroc"]
    assert frame["auroc"].tolist() == [cells_of_store[key] for key in frame["key"]]
    assert frame.drop(columns=["auroc", "r@2"]).equals(sweep.to_frame())
    with pytest.raises(bench.UsageError, match="no metric 'f1'"):
        sweep.to_frame(["f1"])


@pytest.mark.parametrize("name", ["sweep", "store"])
def test_columns_are_typed_also_where_there_is_no_row(name, sweep, tmp_path):
    full = sweep.to_frame() if name == "sweep" else sweep.store.to_frame()
    for column, check in {
        "method": types.is_string_dtype,
        "percent": types.is_integer_dtype,
        "seed": types.is_integer_dtype,
        "mAP": types.is_float_dtype,
        "heldout_best": types.is_float_dtype,
        "finished": types.is_datetime64_any_dtype,
    }.items():
        assert check(full[column]), column
    assert not [column for column in full if full[column].dtype == object]
    empty = bench.open_store(tmp_path).to_frame()
    assert empty.empty
    assert empty.dtypes[list(cells.ROW_COLUMNS)].equals(sweep.store.to_frame().dtypes[list(cells.ROW_COLUMNS)])


def test_a_comparison_is_paired_and_has_both_intervals(sweep):
    result = sweep.compare("dualcoop")
    assert list(result) == list(comparison.COMPARISON_COLUMNS)
    line = result[(result["method"] == "trm_ml") & (result["percent"] == 10)].iloc[0]
    frame = sweep.to_frame().set_index(["method", "percent", "seed"])["mAP"]
    differences = frame["trm_ml"][10] - frame["dualcoop"][10]
    assert line["difference"] == pytest.approx(differences.mean())
    assert line["pairs"] == 3
    assert line["low"] < line["difference"] < line["high"]
    assert line["images_low"] < line["images_high"]
    average = result[(result["method"] == "trm_ml") & result["average"]].iloc[0]
    assert pd.isna(average["percent"])
    both = result[(result["method"] == "trm_ml") & ~result["average"]]
    assert average["difference"] == pytest.approx(both["difference"].mean())


def test_the_baseline_may_be_named_and_must_have_numbers(sweep):
    assert set(sweep.compare()["against"]) == {"", "dualcoop"}
    assert set(sweep.compare("trm_ml")["against"]) == {"", "trm_ml"}
    with pytest.raises(bench.UsageError, match=r"no method 'dualcop' .* did you mean 'dualcoop'"):
        sweep.compare("dualcop")


def test_a_sweep_without_a_second_method_compares_nothing(tmp_path):
    store, made = make_store(tmp_path, Grid(methods=("asl",), percents=(10,)))
    with pytest.raises(bench.UsageError, match="two methods"):
        bench.open_sweep(store, made).compare()


def test_it_is_shown_as_its_table(sweep):
    for shown in (repr(sweep), sweep._repr_html_()):
        assert "mAP by share of known labels" in shown
        assert all(method in shown for method in sweep.methods)
    assert sweep._repr_html_().count("<tr>") == 1 + len(sweep.methods)


def test_names_are_escaped_in_html(tmp_path):
    store, made = make_store(tmp_path, Grid(methods=("<b>x</b>",), percents=(10,)))
    assert "<b>x" not in bench.open_sweep(store, made)._repr_html_()


@pytest.mark.parametrize("name", ["plot_ratios", "plot_gains", "plot_curves"])
def test_figures_are_drawn_on_the_given_axes(name, sweep):
    given = Figure().subplots()
    assert getattr(sweep, name)(ax=given) is given
    labels = " ".join(given.get_legend_handles_labels()[1])
    shown = {"plot_gains": ("trm_ml",)}.get(name, ("trm_ml", "dualcoop"))
    assert all(method in labels for method in shown)


def test_a_figure_of_its_own_is_made_without_axes(sweep):
    axes = sweep.plot_ratios()
    assert axes.get_xlabel() == "known labels (%)"
    pyplot.close(axes.figure)


def test_curves_are_of_the_lowest_ratio_or_of_the_one_that_is_named(sweep):
    assert "10 %" in sweep.plot_curves(ax=Figure().subplots()).get_title()
    assert "50 %" in sweep.plot_curves(50, ax=Figure().subplots()).get_title()
    with pytest.raises(bench.UsageError, match="no ratio of 20 %; it has 10, 50"):
        sweep.plot_curves(20)


def test_its_report_is_written(sweep):
    path = sweep.report()
    assert path == sweep.report_file
    assert path.with_suffix(".html").exists()
