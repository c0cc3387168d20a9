"""Pseudo-labels in the report: which epochs count, the table by hand, names that do not collide, old curves."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from helpers.store_factory import Grid, make_store, rewrite_row
from hypothesis import given
from hypothesis import strategies as st

from bench.records.store import Store
from bench.report import read_results
from bench.report.contents import contents
from bench.report.figures.pseudo_labels import apart
from bench.report.reading import curves
from bench.report.results import Results
from bench.report.tables.pseudo_labels import NEGATIVES, POSITIVES, judged, makers, pseudo_table
from bench.report.tables.spread import three
from bench.tracking.runs.points import curve_points

pytestmark = pytest.mark.slow

GRID = Grid(methods=("splc", "em_apl", "asl", "trm_ml"), percents=(10, 50, 90), seeds=(0, 1), epochs=4)


def positives(epoch: int, percent: int, seed: int) -> dict:
    """Two epochs of warm-up, then more and more."""
    if epoch < 3:
        return {"pseudo_positives": 0, "pseudo_positive_recall": 0.0}
    return {
        "pseudo_positives": 1000 * (epoch - 2) + seed,
        "pseudo_positive_precision": 90.0 + epoch - 2 * seed - percent / 10,
        "pseudo_positive_recall": 10.0 * (epoch - 2) + seed,
    }


def negatives(epoch: int, percent: int, seed: int) -> dict:
    return {
        "pseudo_negatives": 20_000 * epoch,
        "pseudo_negative_precision": 97.0,
        "pseudo_negative_recall": 20.0 * epoch,
        "pseudo_positives_lost": 5.0 * epoch,
    }


def of_old(epoch: int, percent: int, seed: int) -> dict:
    """What curves of earlier days said under the same name: a share, not a count."""
    return {"pseudo_positives": 0.25}


SAID: dict[str, Callable[[int, int, int], dict]] = {"splc": positives, "em_apl": negatives, "trm_ml": of_old}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    store, _ = make_store(tmp_path_factory.mktemp("pseudo") / "results", GRID)
    for cell in GRID.cells():
        if say := SAID.get(cell.method.name):
            records = [{**record, **say(record["epoch"], cell.percent, cell.seed)} for record in store.curve(cell.key)]
            # After it was finished, as a row of an older version, which says nothing of its curve.
            rewrite_row(store, cell.key, files={})
            (store.folder(cell.key) / "curve.jsonl").write_text("".join(json.dumps(line) + "\n" for line in records))
    return store


@pytest.fixture(scope="module")
def results(store: Store, installed) -> Results:
    return read_results(store)


def texts(rows) -> list[list[str]]:
    return [[value.text for value in row] for row in rows]


def test_the_table_tells_the_last_epoch_over_seeds(results: Results, store: Store) -> None:
    frame = judged(curves(results, store), POSITIVES)
    table = pseudo_table(results, frame, POSITIVES)
    assert table.columns[:5] == ("method", "10 %: precision", "10 %: recall", "10 %: labels", "50 %: precision")
    ten = ["92.0 ± 1.4", "20.5 ± 0.7", "2,000"]
    assert texts(table.rows) == [["splc", *ten, "88.0 ± 1.4", *ten[1:], "84.0 ± 1.4", *ten[1:]]]
    frame = judged(curves(results, store), NEGATIVES)
    table = pseudo_table(results, frame, NEGATIVES)
    assert texts(table.rows) == [["em_apl", *3 * ["97.0 ± 0.0", "20.0 ± 0.0", "80,000"]]]
    assert table.columns[2] == "10 %: positives lost"


def test_methods_without_pseudo_labels_and_curves_of_old_are_left_out(results: Results, store: Store) -> None:
    result = curves(results, store)
    assert makers(results, judged(result, POSITIVES)) == ("splc",)
    assert makers(results, judged(result, NEGATIVES)) == ("em_apl",)
    asl = result[result["method"] == "asl"].dropna(axis="columns")
    assert judged(asl, POSITIVES).empty
    none = result.assign(pseudo_positives=0)
    assert judged(none, POSITIVES).empty, "a method that could, but never did"


def test_a_precision_that_no_cell_has_is_a_gap(results: Results, store: Store) -> None:
    result = curves(results, store)
    frame = judged(result, POSITIVES)
    frame.loc[(frame["percent"] == 50) & (frame["epoch"] == 4), "pseudo_positive_precision"] = np.nan
    row = pseudo_table(results, frame, POSITIVES).rows[0]
    assert [value.text for value in row][4:6] == ["-", "20.5 ± 0.7"]


@pytest.mark.usefixtures("sketched")
def test_the_report_has_both_sections_with_named_lines(results: Results, store: Store, tmp_path) -> None:
    sections = {section.name: section for section in contents(results, store, tmp_path)}
    assert [name for name in sections if name.startswith("pseudo")] == ["pseudo", "pseudo_negatives"]
    assert sections["pseudo"].title == "Pseudo-labels: positives"
    assert len({section.link for section in sections.values()}) == len(sections), "links of one name"
    for name, method in (("pseudo", "splc"), ("pseudo_negatives", "em_apl")):
        (drawing,) = sections[name].drawings
        svg = drawing.images["svg"].decode()
        for text in (f">{method}<", ">precision (%)<", ">10 % known<", ">90 % known<"):
            assert text in svg, text
        assert ">asl<" not in svg


def test_a_report_without_pseudo_labels_has_no_such_section(own: Store, tmp_path) -> None:
    assert not [section for section in contents(read_results(own), own, tmp_path) if section.name.startswith("pseudo")]


@given(values=st.lists(st.floats(-1e3, 1e3), max_size=12), gap=st.floats(0.01, 50))
def test_names_stand_apart_in_the_order_of_their_lines(values: list[float], gap: float) -> None:
    places = apart(values, gap)
    ranked = sorted(range(len(values)), key=lambda i: values[i])
    steps = np.diff([places[i] for i in ranked])
    assert (steps >= gap * (1 - 1e-6) - 1e-9).all()
    assert sum(places) == pytest.approx(sum(values), abs=1e-6), "no name drifts away for nothing"
    if all(b - a >= gap for a, b in zip(sorted(values), sorted(values)[1:], strict=False)):
        assert places == pytest.approx(values)


@given(st.lists(st.integers(1, 99), min_size=1, max_size=9, unique=True))
def test_three_ratios_hold_both_ends(percents: list[int]) -> None:
    percents.sort()
    chosen = three(percents)
    assert (chosen[0], chosen[-1]) == (percents[0], percents[-1])
    assert len(chosen) == min(3, len(percents))
    assert list(chosen) == sorted(set(chosen))


def test_mlflow_has_them_under_the_same_names_for_all_methods(store: Store) -> None:
    keys = {}
    for cell in GRID.cells():
        points = [p for p in curve_points(store.curve(cell.key)) if p.key.startswith("curve/pseudo_")]
        keys.setdefault(cell.method.name, set()).update(p.key for p in points)
        if cell.method.name == "splc":
            assert [p.step for p in points if p.key == "curve/pseudo_positive_precision"] == [3, 4]
    assert keys["splc"] == {f"curve/{name}" for name in positives(4, 10, 0)}
    assert keys["em_apl"] == {f"curve/{name}" for name in negatives(4, 10, 0)}
    assert keys["asl"] == set()


def test_cells_that_stand_for_several_seeds_count_once() -> None:
    line = {"method": "m", "percent": 10, "key": "k", "epoch": 1, **positives(4, 10, 0)}
    assert len(judged(pd.DataFrame([{**line, "seed": 0}, {**line, "seed": 1}]), POSITIVES)) == 1
