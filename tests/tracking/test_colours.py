"""MLflow draws each method in the colour of the report."""

import re
from pathlib import Path

import pytest
from helpers.store_factory import Grid, finish
from helpers.units import unit

from bench.report import read_results, write_report
from bench.tracking import sync

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("sketched")
def test_all_runs_of_a_method_have_its_colour_in_the_report(finished, content, grid):
    styles = read_results(finished).styles
    sync(finished)
    database, sweep = content(finished), read_results(finished).selection.id
    colours = {name: {database.tags(f"summary:{sweep}:{name}")["mlflow.runColor"]} for name in grid.methods}
    for cell in grid.cells():
        colours[cell.method.name].add(database.tags(unit(cell))["mlflow.runColor"])
    assert colours == {name: {styles[name].colour} for name in grid.methods}
    assert len(set.union(*colours.values())) == len(grid.methods)
    drawn = (Path(write_report(read_results(finished), finished)).parent / "ratios.svg").read_text()
    assert all(re.search(colour, drawn, re.IGNORECASE) for own in colours.values() for colour in own)


def test_a_cell_outside_all_sweeps_has_a_colour_too(empty, content):
    cell = Grid(methods=("asl",), percents=(10,)).cell("asl", 10, 0)
    finish(empty, cell)
    sync(empty)
    assert re.fullmatch("#[0-9A-F]{6}", content(empty).tags(unit(cell))["mlflow.runColor"])
