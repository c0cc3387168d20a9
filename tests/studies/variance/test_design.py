"""The variance study: which cells it asks for, and what it says of their scatter."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers.store_factory import Grid, finish, row
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.planning.plan import plan
from bench.planning.record import record, sweep_id_of
from bench.planning.request import Request
from bench.records.cells import CELL_STREAMS
from bench.records.store import Store
from bench.report import read_results
from bench.studies.variance.design import ALL, scatter, study, together, variance_lines
from bench.studies.variance.findings import read_variance, variance_records, variance_table, write_variance

pytestmark = pytest.mark.slow

SEEDS = (0, 1, 2)


def planned(resources, *methods: str, seeds=SEEDS, **more):
    return plan(Request(variance_lines(methods), (10,), seeds, **more), resources.dataset)


def test_each_line_varies_one_stream_and_the_usual_line_all(resources):
    for entry in planned(resources, "asl"):
        _, _, source = entry.method.partition(" [")
        seeds = {name: entry.cell.stream(name) for name in CELL_STREAMS}
        varied = {source.rstrip("]")} if source else set(CELL_STREAMS)
        assert seeds == {name: entry.seed if name in varied else 0 for name in CELL_STREAMS}


def test_cells_are_shared_with_ordinary_sweeps_and_at_the_first_seed(resources):
    entries = planned(resources, "asl")
    plain = plan(Request(("asl",), (10,), SEEDS), resources.dataset)
    assert [e.cell.key for e in entries if e.method == "asl"] == [e.cell.key for e in plain]
    assert len({entry.cell.key for entry in entries}) == 3 + 3 * 2, "K of all together, and K - 1 for each stream"


def test_the_first_seed_is_where_the_others_stay(resources):
    for entry in planned(resources, "asl", seeds=(5, 9)):
        if entry.method == "asl [order]":
            assert (entry.cell.stream("mask"), entry.cell.stream("order")) == (5, entry.seed)


def test_a_stream_that_a_cell_has_no_use_for_makes_no_cell(resources):
    by_line: dict[str, set[str]] = {}
    for entry in planned(resources, "oracle", "clip_zero_shot"):
        by_line.setdefault(entry.method, set()).add(entry.cell.key)
    assert {line: len(keys) for line, keys in by_line.items()} == {
        "oracle": 3, "oracle [mask]": 1, "oracle [init]": 3, "oracle [order]": 3,
        "clip_zero_shot": 1, "clip_zero_shot [mask]": 1, "clip_zero_shot [init]": 1, "clip_zero_shot [order]": 1,
    }  # fmt: skip
    held = {e.cell.key for e in planned(resources, "oracle", holdout=20) if e.method == "oracle [mask]"}
    assert len(held) == 3, "with a held-out part, the mask's seed says which images train"


@given(st.lists(st.floats(0, 100), min_size=2, max_size=9))
def test_scatter_is_the_sample_deviation(values):
    spread = scatter(values)
    assert spread.n == len(values)
    assert spread.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert spread.low <= spread.sd <= spread.high


@given(st.floats(0, 100), st.integers(2, 9))
def test_equal_numbers_scatter_by_exactly_nothing(value, count):
    assert scatter([value] * count)[2:] == (0.0, 0.0, 0.0)


def test_the_interval_is_that_of_the_tables():
    """chi-square with 4 degrees of freedom: 0.4844 and 11.1433 at 2.5 % and 97.5 %."""
    spread = scatter([1.0, 2.0, 3.0, 4.0, 5.0])
    assert spread.low == pytest.approx(math.sqrt(10 / 11.1433), rel=1e-4)
    assert spread.high == pytest.approx(math.sqrt(10 / 0.4844), rel=1e-4)


def test_the_interval_holds_the_true_deviation_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(70, 2.0, size=(1500, 5))
    held = np.mean([s.low <= 2.0 <= s.high for s in map(scatter, draws.tolist())])
    assert held == pytest.approx(0.95, abs=0.02)


def test_one_number_has_no_scatter():
    assert math.isnan(scatter([3.0]).sd)
    assert math.isnan(together([scatter([3.0]), scatter([1.0, 2.0])]))


@pytest.fixture
def finished_study(resources, tmp_path):
    """A store with a finished study of asl and oracle; mAP by cell: 10 x mask + 3 x order, exactly."""
    sweep = Request(
        variance_lines(["asl", "oracle"]), (10,), SEEDS, study=study(["asl", "oracle"], CELL_STREAMS, SEEDS)
    )
    entries, store = plan(sweep, resources.dataset), Store(tmp_path / "results")
    store.save_sweep(record(sweep, entries, ["bench", "variance"], "2026-01-02T03:04:05+00:00"))
    for entry in entries:
        value = 50.0 + 3 * entry.cell.stream("order") + (10 * entry.cell.stream("mask") if entry.percent else 0)
        if store.state(entry.cell.key) != "done":
            finish(store, entry.cell, metrics={**row(entry.cell).metrics, "mAP": value})
    return store, sweep_id_of(entries), entries


def test_the_table_tells_each_source_apart(finished_study):
    store, sweep, _ = finished_study
    study = read_variance(read_results(store, sweep))
    assert study.scatter("asl", 10, "mask").sd == 10.0
    assert study.scatter("asl", 10, "init").sd == 0.0
    assert study.scatter("asl", 10, "order").sd == 3.0
    assert study.scatter("asl", 10, ALL).sd == 13.0
    table = variance_table(study)
    rows = {line[0].text: dict(zip(table.columns[1:], line[1:], strict=True)) for line in table.rows}
    assert rows["asl"]["mask"].text.startswith("10.00 [")
    assert rows["asl"]["mask"].style == "best"
    assert rows["asl"]["init"].text == "0"
    assert rows["asl"]["added up"].text == f"{math.sqrt(109):.2f}"
    assert rows["oracle"]["mask"].text == "0"
    assert rows["oracle"]["order"].style == "best"


@pytest.mark.usefixtures("drawn")
def test_its_files_hold_the_same_numbers(finished_study):
    store, sweep, _ = finished_study
    path = write_variance(read_variance(read_results(store, sweep)), store)
    lines_ = (path.parent / "variance.csv").read_text().splitlines()
    assert lines_[0] == "method,percent,source,n,mean,sd,low,high"
    assert lines_[1].startswith("asl,10,mask,3,60.0,10.0,")
    assert len(lines_) == 1 + 2 * 4
    assert "10.00 [5.21, 62.85]" in path.read_text()
    assert (path.parent / "variance.png").stat().st_size > 1000


def test_seeds_without_a_number_are_told(finished_study):
    store, sweep, entries = finished_study
    gone = next(e.cell.key for e in entries if e.method == "asl [order]" and e.seed == 2)
    (store.folder(gone) / "row.json").unlink()
    study = read_variance(read_results(store, sweep))
    table = variance_table(study)
    value = table.rows[0][table.columns.index("order")]
    assert study.scatter("asl", 10, "order").n == 2
    assert [table.footnotes[mark - 1] for mark in value.marks] == ["n = 2: not every seed has a number"]
    assert next(r for r in variance_records(study) if r["source"] == "order")["seeds"] == {"0": 50.0, "1": 53.0}


def test_masks_that_differ_on_purpose_are_no_reason_to_warn(finished_study):
    store, sweep, _ = finished_study
    assert not [text for text in read_results(store, sweep).warnings if "masks differ" in text]


def test_merged_tables_leave_the_study_out(finished_study):
    store, sweep, entries = finished_study
    merged = read_results(store, sweep, merge=True)
    assert set(merged.methods) == {"asl", "oracle"}
    plain = {(e.seed, e.cell.key) for e in entries if e.method == "asl"}
    assert {(p.seed, p.key) for p in merged.selection.places if p.method == "asl"} == plain


def test_an_ordinary_sweep_is_no_study(tmp_path):
    store = Store(tmp_path)
    from helpers.store_factory import save_sweep

    sweep = save_sweep(store, replace(Grid(), epochs=2))
    with pytest.raises(UsageError, match="is not of the kind 'variance'"):
        read_variance(read_results(store, sweep))
