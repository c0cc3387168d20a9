"""How long a plan takes: only what finished cells tell, and no number where they tell nothing."""

from dataclasses import replace

import pytest
from helpers.store_factory import Grid, row
from hypothesis import given
from hypothesis import strategies as st

from bench.planning.forecast import Past, forecast, makespan

GRID = Grid(methods=("asl", "dualcoop"), percents=(10, 50), seeds=(0, 1), epochs=4)
IMAGES = {"train_images": 300, "test_images": 100}


def finished(cell, seconds: float, device: str = "cpu", **changes):
    made = row(cell)
    environment = {**made.environment, "device": device}
    return replace(made, timings={"train": seconds, "total": seconds}, environment=environment, data=IMAGES, **changes)


def cells(*wanted):
    return {cell.key: (cell.method.name, cell) for cell in wanted}


def test_a_cell_takes_what_cells_of_its_settings_took():
    past = Past([finished(GRID.cell("asl", 10, seed), seconds) for seed, seconds in ((0, 8.0), (1, 12.0))], "cpu")
    result = past.estimate(GRID.cell("asl", 50, 7), IMAGES)
    assert (result.seconds, result.basis, result.rows) == (10.0, "equal", 2)


def test_other_epochs_and_other_images_are_scaled():
    past = Past([finished(GRID.cell("asl", 10, 0), 8.0)], "cpu")
    longer = replace(GRID, epochs=8).cell("asl", 10, 0)
    more = {"train_images": 700, "test_images": 100}
    assert past.estimate(longer, IMAGES) == (result := past.estimate(longer, IMAGES))
    assert (result.seconds, result.basis) == (16.0, "scaled")
    assert past.estimate(longer, more).seconds == 32.0


def test_equal_settings_come_before_scaled_ones():
    short, long = GRID.cell("asl", 10, 0), replace(GRID, epochs=40).cell("asl", 10, 0)
    past = Past([finished(short, 5.0), finished(long, 20.0)], "cpu")
    assert past.estimate(short, IMAGES).seconds == 5.0
    assert past.estimate(long, IMAGES).seconds == 20.0


@pytest.mark.parametrize(
    "other",
    [
        finished(GRID.cell("dualcoop", 10, 0), 8.0),
        finished(GRID.cell("asl", 10, 0), 8.0, device="NVIDIA H100"),
        finished(replace(GRID, dataset="coco").cell("asl", 10, 0), 8.0),
    ],
    ids=["another method", "another device", "another dataset"],
)
def test_what_does_not_compare_gives_no_number(other):
    assert Past([other], "cpu").estimate(GRID.cell("asl", 10, 0), IMAGES) is None


def test_without_images_nothing_is_scaled():
    past = Past([finished(GRID.cell("asl", 10, 0), 8.0)], "cpu")
    assert past.estimate(replace(GRID, epochs=8).cell("asl", 10, 0), {}) is None


def test_a_forecast_names_what_it_does_not_know():
    known, unknown = GRID.cell("asl", 10, 0), GRID.cell("dualcoop", 10, 0)
    prediction = forecast(cells(known, unknown), {}, Past([finished(known, 8.0)], "cpu"), IMAGES, workers=1)
    assert prediction.seconds == 8.0
    assert prediction.unknown == ("dualcoop",)
    assert prediction.methods["dualcoop"].seconds is None
    nothing = forecast(cells(unknown), {}, Past([], "cpu"), IMAGES, workers=1)
    assert nothing.to_json()["seconds"] is None


def test_a_short_time_is_not_told_as_none():
    cell = GRID.cell("asl", 10, 0)
    prediction = forecast(cells(cell), {}, Past([finished(cell, 0.02)], "cpu"), IMAGES, workers=1)
    assert prediction.to_json()["seconds"] == 0.02


def test_what_is_trained_already_counts_no_more():
    cell = GRID.cell("asl", 10, 0)
    past = Past([finished(cell, 8.0)], "cpu")
    assert forecast(cells(cell), {cell.key: 0.75}, past, IMAGES, workers=1).seconds == pytest.approx(2.0)


@given(st.lists(st.floats(0, 100), max_size=12), st.integers(1, 5))
def test_workers_share_the_time(seconds, workers):
    """Never less than an equal share or the longest job; never more than Graham's bound for lists."""
    wall, total, longest = makespan(seconds, workers), sum(seconds), max(seconds, default=0.0)
    assert wall >= max(total / workers, longest) - 1e-9
    assert wall <= total / workers + (1 - 1 / workers) * longest + 1e-9
    assert makespan(seconds, 1) == pytest.approx(total)
