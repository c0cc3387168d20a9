"""The numbers in the tables against naive computation, and how tables are drawn."""

import dataclasses
import io
import math
import re
import statistics

import pytest
from helpers.store_factory import Grid, fail, finish, make_store, save_sweep
from rich.console import Console

from bench.records.store import Store
from bench.report import Table, Value, average_table, cost_table, markdown, ratio_table, read_results, rich_table
from bench.report.contents import contents
from bench.report.tables.spread import mean_over_ratios, over_seeds
from bench.report.tables.table import ranked

pytestmark = pytest.mark.slow


def texts(table: Table) -> dict[str, dict[str, Value]]:
    return {row[0].text: dict(zip(table.columns[1:], row[1:], strict=True)) for row in table.rows}


def naive(store: Store, grid: Grid, method: str, percent: int) -> list[float]:
    """mAP of the distinct cells of a place, read straight from the rows."""
    keys = dict.fromkeys(grid.cell(method, percent, seed).key for seed in grid.seeds)
    return [store.row(key).metrics["mAP"] for key in keys]


def test_means_and_deviations_equal_naive_ones(finished, grid):
    store = finished[0]
    spreads = over_seeds(read_results(store).frame, "mAP")
    for method in grid.methods:
        for percent in grid.percents:
            values = naive(store, grid, method, percent)
            assert spreads[method, percent].mean == pytest.approx(statistics.mean(values))
            assert spreads[method, percent].n == len(values)
            if len(values) > 1:
                assert spreads[method, percent].sd == pytest.approx(statistics.stdev(values))
            else:
                assert math.isnan(spreads[method, percent].sd)


def test_averages_over_ratios_equal_naive_ones(finished, grid):
    store = finished[0]
    averages = mean_over_ratios(read_results(store).frame, "mAP", grid.percents)
    for method in grid.methods:
        by_seed = [
            statistics.mean(store.row(grid.cell(method, percent, seed).key).mAP for percent in grid.percents)
            for seed in grid.seeds
        ]
        assert averages[method].mean == pytest.approx(statistics.mean(by_seed))
        if method != "clip_zero_shot":
            assert averages[method].sd == pytest.approx(statistics.stdev(by_seed))
    assert averages["clip_zero_shot"].n == 1  # one cell, however many seeds it stands for
    assert math.isnan(averages["clip_zero_shot"].sd)


def test_the_table_shows_these_numbers(finished, grid):
    rows = texts(ratio_table(read_results(finished[0])))
    values = naive(finished[0], grid, "dualcoop", 50)
    assert rows["dualcoop"]["50 %"].text == f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"
    assert rows["clip_zero_shot"]["10 %"].text == f"{naive(finished[0], grid, 'clip_zero_shot', 10)[0]:.1f}"
    assert list(rows["trm_ml"]) == ["10 %", "50 %", "90 %", "average"]


def test_best_and_second_are_those_that_saw_no_hidden_label(finished, grid):
    table = texts(ratio_table(read_results(finished[0])))
    for percent in grid.percents:
        column = {m: table[m][f"{percent} %"] for m in table}
        means = {m: statistics.mean(naive(finished[0], grid, m, percent)) for m in table if m != "oracle"}
        order = sorted(means, key=means.__getitem__, reverse=True)
        assert [column[m].style for m in order[:3]] == ["best", "second", ""]
        assert column["oracle"].style == "aside"


def test_every_reconstructed_number_carries_its_footnote(finished):
    for table in (ratio_table(read_results(finished[0])), average_table(read_results(finished[0]))):
        mark = next(i for i, note in enumerate(table.footnotes, start=1) if "reconstruction" in note)
        for row in table.rows:
            for value in row[1:]:
                assert (mark in value.marks) == (row[0].text == "trm_ml")


def test_a_flag_of_all_numbers_is_said_once(tmp_path):
    grid = Grid(methods=("asl", "dualcoop"), percents=(10,), epochs=2)
    store = Store(tmp_path)
    save_sweep(store, grid)
    for cell in grid.cells():
        finish(store, cell, flags=("random weights",))
    table = ratio_table(read_results(store))
    assert "All numbers: random weights" in table.caption
    assert table.footnotes == ()
    assert table.columns == ("method", "10 %")  # an average over one ratio would say nothing


def test_gaps_are_dashes_with_reasons_and_no_average(tmp_path):
    grid = Grid(
        methods=("asl", "dualcoop", "trm_ml"), percents=(10, 50), seeds=(0, 1), epochs=2, skipped={"trm_ml": "why"}
    )
    store, _ = make_store(tmp_path, grid)
    for seed in (0, 1):
        (store.folder(grid.cell("asl", 10, seed).key) / "row.json").unlink()
        fail(store, grid.cell("asl", 10, seed), message="boom")
    (store.folder(grid.cell("dualcoop", 50, 1).key) / "row.json").unlink()
    table = ratio_table(read_results(store))
    rows = texts(table)

    def notes(value: Value) -> list[str]:
        return [table.footnotes[mark - 1] for mark in value.marks]

    assert rows["asl"]["10 %"].text == rows["asl"]["average"].text == "-"
    assert len(notes(rows["asl"]["10 %"])) == 2
    assert all("RuntimeError: boom" in note for note in notes(rows["asl"]["10 %"]))
    assert notes(rows["asl"]["average"]) == ["no average: a ratio is missing"]
    assert notes(rows["trm_ml"]["10 %"]) == ["skipped: why"]
    assert notes(rows["dualcoop"]["50 %"]) == ["n = 1; planned: not run yet"]
    assert "±" not in rows["dualcoop"]["50 %"].text
    assert "-" not in rows["dualcoop"]["average"].text


def test_selection_rules_and_definitions_stand_in_columns_of_their_own(finished, grid):
    rows = texts(average_table(read_results(finished[0])))

    def mean(column):
        cells = [finished[0].row(grid.cell("dualcoop", p, s).key) for p in grid.percents for s in grid.seeds]
        return f"{statistics.mean(column(row) for row in cells):.1f}"

    dualcoop = {name: value.text.split(" ")[0] for name, value in rows["dualcoop"].items()}
    assert dualcoop == {
        "last epoch": mean(lambda r: r.metrics["mAP"]),
        "best on held-out": mean(lambda r: r.heldout_best["mAP"]),
        "best on test (oracle)": mean(lambda r: r.test_best["mAP"]),
        "mAP, ASL's code": mean(lambda r: r.metrics["mAP_asl"]),
        "mAP, VOC envelope": mean(lambda r: r.metrics["mAP_voc"]),
    }
    assert rows["clip_zero_shot"]["best on held-out"].text == "-"


def test_the_caption_says_by_which_labels_held_out_images_were_judged(finished):
    results = read_results(finished[0])
    key, row = next((key, row) for key, row in results.rows.items() if row.heldout_best)
    caption = average_table(results).caption
    assert "kept out of training, judged by all their labels, hidden ones included. Best on test" in caption
    observed = dataclasses.replace(row, cell=dataclasses.replace(row.cell, judged="observed"))
    both = average_table(dataclasses.replace(results, rows={**results.rows, key: observed})).caption
    assert "included or, in some cells, by the labels that the protocol leaves known." in both


def test_cost_counts_cells_once(finished):
    rows = texts(cost_table(read_results(finished[0])))
    assert {m: row["cells"].text for m, row in rows.items()} == {
        "trm_ml": "6", "dualcoop": "6", "clip_zero_shot": "1", "oracle": "2",
    }  # fmt: skip
    assert rows["trm_ml"]["training, s"].text == "2.0"


def test_equal_numbers_share_a_rank():
    assert ranked([3.0, None, 5.0, 5.0, 1.0]) == ["second", "", "best", "best", ""]
    assert ranked([3.0, None]) == ["", ""]


def test_markdown_prints_best_bold_and_second_underlined():
    row = (Value("a"), Value("1", "best"), Value("2", "second", (1, 12)), Value("-", "missing", (2,)))
    table = Table("t", ("method", "x", "y", "z"), (row,), caption="what it is", footnotes=("one", "two"))
    lines = markdown(table).splitlines()
    assert lines[2] == "| a | **1** | <u>2</u>¹ ¹² | -² |"
    assert lines[4:] == ["what it is", "", "¹ one  ", "² two"]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_terminal_is_too_narrow_for_the_numbers(finished, width):
    results = read_results(finished[0])
    console = Console(file=io.StringIO(), width=width)
    console.print(rich_table(results))
    shown = console.file.getvalue()
    for row in ratio_table(results).rows:
        for value in row[1:]:
            assert value.text in shown
    body = shown[: shown.index("mAP in percent")]
    assert "…" not in body
    assert not re.search(r"± *\n", body)


def test_every_table_of_methods_marks_what_is_reconstructed(finished, tmp_path):
    sections = [section for section in contents(read_results(finished[0]), finished[0], tmp_path) if section.by_method]
    tables = {name: table for section in sections for name, table in section.tables.items()}
    assert {"ratios", "gain", "averages", "calibration", "cost"} <= set(tables)
    for table in tables.values():
        for row in table.rows:
            texts = {table.footnotes[mark - 1] for value in row for mark in value.marks}
            assert any("reconstruction" in note for note in texts) == (row[0].text == "trm_ml")


@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize(("seeds", "words"), [
    ((0,), ("one seed", "n = 1 seed)")), ((0, 1), ("2 seeds", "n = 2 seeds")), ((0, 1, 2), ("3 seeds", "n = 3)")),
])  # fmt: skip
def test_every_figure_says_over_how_many_seeds(tmp_path, seeds, words):
    store, _ = make_store(tmp_path / "results", Grid(percents=(10, 50), seeds=seeds, epochs=2))
    drawings = [drawing for section in contents(read_results(store), store, tmp_path) for drawing in section.drawings]
    captions = {drawing.name: drawing.caption for drawing in drawings if drawing.name not in ("cost", "classes_gain")}
    assert {"ratios", "gain", "curves", "classes", "calibration"} <= set(captions)
    for name, caption in captions.items():
        assert any(word in caption.lower() for word in words), name
    assert ("Student's t" in captions["gain"]) == (len(seeds) >= 3)
    assert ("the range of the two" in captions["gain"]) == (len(seeds) == 2)
    assert ("deviation" in captions["curves"]) == (len(seeds) > 1)
