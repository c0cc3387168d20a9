"""A table of many methods: one row each, the best first, nothing left out."""

import re

import pytest
from helpers.store_factory import Grid, make_store

from bench.report import read_results, write_report
from bench.report.figures.curves import ratio_figure
from bench.report.figures.many_methods import (
    METHOD_LIMIT,
    drawn_percents,
    has_many_methods,
    methods_by_level,
    methods_by_lowest_ratio,
)

pytestmark = pytest.mark.slow

METHODS = ("oracle", "clip_zero_shot", *(f"method_{i}" for i in range(12)))


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    grid = Grid(methods=METHODS, percents=(10, 90), seeds=(0, 1), epochs=3)
    return make_store(tmp_path_factory.mktemp("many"), grid)[0]


def test_methods_are_ordered_by_their_average(many):
    results = read_results(many)
    means = results.frame.drop_duplicates(["method", "percent", "key"]).groupby(["method", "percent"])["mAP"].mean()
    averages = means.groupby("method").mean().sort_values(ascending=False)
    assert methods_by_level(results) == averages.index.tolist()


@pytest.mark.usefixtures("sketched")
def test_every_method_has_its_row_in_the_figure(many):
    results = read_results(many)
    assert has_many_methods(results)
    svg = ratio_figure(results)["svg"].decode()
    shown = [text for text in re.findall(r">([\w ]+)</text>", svg) if text in METHODS]
    assert sorted(shown) == sorted(METHODS)
    assert shown == methods_by_lowest_ratio(results)
    labels = ("10 % known", "90 % known", "any ratio", "oracle (all labels)", "clip_zero_shot (no training)")
    assert all(f">{label}</text>" in svg for label in (*labels, f"{results.baseline} (baseline)"))


def test_the_figure_is_sorted_by_the_lowest_ratio_and_shows_three_ratios_at_most(many, tmp_path):
    results = read_results(many)
    lowest = results.frame[results.frame["percent"] == 10].drop_duplicates(["method", "key"])
    assert (
        methods_by_lowest_ratio(results)
        == lowest.groupby("method")["mAP"].mean().sort_values(ascending=False).index.tolist()
    )
    nine, _ = make_store(tmp_path, Grid(methods=("asl",), percents=tuple(range(10, 100, 10)), epochs=1))
    assert drawn_percents(read_results(nine)) == (10, 50, 90)
    assert drawn_percents(results) == (10, 90)


@pytest.mark.usefixtures("sketched")
def test_ten_methods_are_still_drawn_as_lines(many):
    results = read_results(many, methods=METHODS[:METHOD_LIMIT])
    assert not has_many_methods(results)
    assert "oracle (all labels)" in ratio_figure(results)["svg"].decode()


@pytest.mark.usefixtures("sketched")
def test_learning_curves_show_the_best_and_say_so(many):
    report = write_report(read_results(many), many)
    assert f"## Learning curves of the best {METHOD_LIMIT}" in report.read_text()
    curves = (report.parent / "curves.svg").read_text()
    drawn = [method for method in METHODS if f">{method}" in curves]
    best = methods_by_level(read_results(many))[:METHOD_LIMIT]
    assert set(drawn) <= set(best)
    assert len(drawn) >= METHOD_LIMIT - 1, "all of the best, but for one without a curve"
