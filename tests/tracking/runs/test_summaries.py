"""Summary runs in MLflow: a method's mAP over the ratios, as in the report."""

from dataclasses import replace

import pytest
from helpers.store_factory import Grid, finish, row, save_sweep
from helpers.units import sweep_of, unit

from bench.report import ratio_table, read_results
from bench.tracking import sync

pytestmark = pytest.mark.slow


def test_all_methods_draw_the_same_metrics(finished, content, grid):
    sync(finished)
    database = content(finished)
    names = {m: {key for key, _ in database.points(unit(grid.cell(m, 50, 0)))} for m in grid.methods}
    assert names["asl"] == names["trm_ml"]
    missing = names["asl"] - names["clip_zero_shot"]
    assert all(name.startswith(("curve/", "run/heldout_best")) for name in missing)
    assert database.points(unit(grid.cell("clip_zero_shot", 10, 0)))["mAP", 0] > 0


def test_the_summary_draws_map_over_ratios(empty, content):
    grid = Grid(methods=("asl", "clip_zero_shot"), percents=(10, 50), seeds=(0, 1), epochs=2)
    sweep = save_sweep(empty, grid)
    for cell in grid.cells():
        if (cell.percent, cell.seed) != (50, 1):
            finish(empty, cell)
    sync(empty)
    points = content(empty).points(f"summary:{sweep}:asl")
    values = {(p, s): row(grid.cell("asl", p, s)).mAP for p, s in ((10, 0), (10, 1), (50, 0))}
    assert points == pytest.approx({
        ("mAP_average", 0): ((values[10, 0] + values[10, 1]) / 2 + values[50, 0]) / 2,
        ("mAP_by_ratio", 10): (values[10, 0] + values[10, 1]) / 2,
        ("mAP_by_ratio", 50): values[50, 0],
        ("mAP_by_ratio_seed_0", 10): values[10, 0],
        ("mAP_by_ratio_seed_0", 50): values[50, 0],
        ("mAP_by_ratio_seed_1", 10): values[10, 1],
    })  # fmt: skip
    finish(empty, grid.cell("asl", 50, 1))
    sync(empty)
    assert content(empty).points(f"summary:{sweep}:asl").keys() - points.keys() == {
        ("mAP_by_ratio_seed_1", 50),
    }  # fmt: skip
    zero_shot = content(empty).points(f"summary:{sweep}:clip_zero_shot")
    assert len(zero_shot) == 7
    assert len(set(zero_shot.values())) == 1


def test_a_summary_says_what_the_report_says(finished, content):
    sync(finished)
    results = read_results(finished)
    for line in ratio_table(results).rows:
        tags = content(finished).tags(f"summary:{sweep_of(finished)}:{line[0].text}")
        shown = [tags[name] for name in ("mAP 0.10", "mAP 0.50", "mAP average")]
        assert shown == [value.text for value in line[1:]]


def test_variants_of_a_method_are_lines_of_their_own(empty, content):
    """Their names have characters that MLflow takes in no metric's name."""
    grids = {"asl": Grid(methods=("asl",), percents=(10, 50)), "asl [lr=0.01]": Grid(("asl",), (10, 50), lr=0.01)}
    places = tuple(replace(place, method=name) for name, grid in grids.items() for place in grid.places())
    plain = save_sweep(empty, grids["asl"])
    record = replace(empty.sweeps()[0], id="ab" * 6, methods=tuple(grids), places=places)
    empty.save_sweep(record)
    (empty.root / "sweeps" / f"{plain}.json").unlink()
    for grid in grids.values():
        for cell in grid.cells():
            finish(empty, cell)
    sync(empty)
    database = content(empty)
    for name, grid in grids.items():
        assert database.run(f"summary:{record.id}:{name}")["name"] == name
        assert database.points(f"summary:{record.id}:{name}")["mAP_by_ratio", 50] == row(grid.cell("asl", 50, 0)).mAP
        assert database.run(unit(grid.cell("asl", 50, 0)))["name"] == f"{name} 50% seed 0"
        assert database.tags(unit(grid.cell("asl", 50, 0)))["variant"] == name
