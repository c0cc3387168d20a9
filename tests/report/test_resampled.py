"""Intervals over test images from a store's scores: right, kept, computed once, and renewed when a cell is."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest
from helpers import store_factory as factory
from helpers.store_factory import Grid

from bench.report import resampled, resampling_processes, write_report
from bench.report.contents import contents
from bench.report.image_intervals import ImageIntervals, compared_cells, image_interval, images_within
from bench.report.reading import read_results
from bench.report.resampled import Bootstraps, Left
from bench.report.resampled_files import resampled_folder
from bench.report.tables.gains import signed, span
from bench.stats import bootstrap
from bench.stats.paired import Pair, pairs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return factory.make_store(tmp_path_factory.mktemp("store"), Grid(percents=(10, 50), seeds=(0, 1)))[0]


@pytest.fixture
def store(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "store")
    return type(made)(tmp_path / "store")


def test_a_difference_is_that_of_a_bootstrap_over_all_its_cells(store):
    results = read_results(store)
    paired = pairs(results.frame, "trm_ml", "dualcoop")
    at_ten = [pair for pair in paired if pair.percent == 10]
    result = Bootstraps(results.rows, store).difference(at_ten)
    matrices = {name: [store.scores(key) for key in keys] for name, keys in (
        ("a", [pair.key for pair in at_ten]), ("b", [pair.against for pair in at_ten]),
    )}  # fmt: skip
    expected = bootstrap(matrices, factory.labels()).difference("a", "b")
    assert result.estimate == pytest.approx(np.mean([pair.difference for pair in at_ten]))
    assert (result.low, result.high, result.p) == pytest.approx((expected.low, expected.high, expected.p))
    assert (result.images, result.resamples) == (factory.TEST_IMAGES, 1000)
    assert image_interval(results, store)(at_ten) == result


def test_each_cell_is_resampled_once_also_by_another_process(store, monkeypatch):
    results = read_results(store)
    calls = []
    once = resampled.resampled_map
    monkeypatch.setattr(resampled, "resampled_map", lambda *given: calls.append(1) or once(*given))
    paired = pairs(results.frame, "trm_ml", "dualcoop")
    result = []
    first = Bootstraps(results.rows, store)
    first.prepare([pair.key for pair in paired] * 2, progress=lambda *done: result.append(done))
    assert result == [(1, 4), (2, 4), (3, 4), (4, 4)]
    result = first.difference(paired)
    assert len(calls) == 8
    assert Bootstraps(results.rows, store).difference(paired) == result
    assert len(calls) == 8


def test_many_cells_are_shared_out_to_processes_and_come_out_the_same(store, monkeypatch):
    results = read_results(store)
    keys, calls = compared_cells(results), []
    once = resampled.resampled_map
    monkeypatch.setattr(resampled, "resampled_map", lambda *given: calls.append(1) or once(*given))
    monkeypatch.setattr(resampling_processes, "cores", lambda: 2)
    monkeypatch.setattr(resampling_processes, "WORTHWHILE", 0.0)
    shared = Bootstraps(results.rows, store)
    assert shared.prepare(keys) == Left()
    assert len(calls) == 1, "the first tells how long one takes"
    shutil.rmtree(resampled_folder(store))
    monkeypatch.setattr(resampling_processes, "WORTHWHILE", 1e9)
    alone = Bootstraps(results.rows, store)
    alone.prepare(keys)
    assert len(calls) == 1 + len(keys)
    paired = pairs(results.frame, "trm_ml", "dualcoop")
    assert shared.difference(paired) == alone.difference(paired)


def test_a_cell_that_ran_again_is_resampled_again(store):
    results = read_results(store)
    paired = pairs(results.frame, "trm_ml", "dualcoop")[:1]
    before = Bootstraps(results.rows, store).difference(paired)
    cell = store.cell(paired[0].key)
    worse = factory.row(cell)
    scores = -factory.scores(cell)
    store.finish(dataclasses.replace(worse, metrics={**worse.metrics, "mAP": 1.0}), scores)
    after = Bootstraps(read_results(store).rows, store).difference(paired)
    assert after.estimate < before.estimate - 10


def test_without_scores_there_is_no_interval(store):
    results = read_results(store)
    key = next(iter(results.rows))
    (store.folder(key) / "scores.npz").unlink()
    assert image_interval(results, store) is None
    assert not Bootstraps(results.rows, store).available(key)
    assert not Bootstraps(results.rows, store).available("unknown")


def test_kept_numbers_belong_to_the_scores_and_not_to_the_row(store):
    """A row that was written again with the same scores keeps its resamples; other scores under an old row do not."""
    results = read_results(store)
    paired = pairs(results.frame, "trm_ml", "dualcoop")[:1]
    first = Bootstraps(results.rows, store)
    assert first.prepare([paired[0].key, paired[0].against]).cells == 0
    path = resampled_folder(store) / f"{paired[0].key}.npz"
    kept = path.stat().st_mtime_ns
    row, scores = store.row(paired[0].key), store.scores(paired[0].key)
    store.finish(dataclasses.replace(row, finished="2030-01-01T00:00:00+00:00"), scores)
    assert Bootstraps(read_results(store).rows, store).difference(paired) == first.difference(paired)
    assert path.stat().st_mtime_ns == kept
    store.finish(row, -scores)
    worse = Bootstraps(read_results(store).rows, store)
    assert worse.difference(paired).estimate < first.difference(paired).estimate - 10


def test_a_budget_leaves_cells_and_says_how_long_they_would_take(store, monkeypatch):
    results = read_results(store)
    clock = iter(range(0, 1000, 10))  # every look at the clock is ten seconds after the last
    monkeypatch.setattr(resampled, "perf_counter", lambda: float(next(clock)))
    bootstraps = Bootstraps(results.rows, store)
    left = bootstraps.prepare(compared_cells(results), within=45.0)
    assert left.cells == len(compared_cells(results)) - 3
    assert left.seconds == pytest.approx(left.cells * 50 / 3)
    assert sum(bootstraps.has(key) for key in compared_cells(results)) == 3
    assert bootstraps.prepare(compared_cells(results)).cells == 0


def test_a_report_in_a_hurry_leaves_cells_and_the_command_fills_them_in_for_good(store, monkeypatch):
    results, drawn = read_results(store), []

    def files(results, store, folder, images):
        drawn.append(images.left.cells)
        return {"report.md": "text"}

    monkeypatch.setattr("bench.report.write._files", files)
    every = len(compared_cells(results))
    write_report(results, store, within=0.0)
    write_report(results, store, within=0.0)
    assert drawn == [every], "nothing had changed"
    write_report(results, store)
    assert drawn == [every, 0]
    write_report(results, store, within=0.0)
    write_report(results, store)
    assert drawn == [every, 0], "what was resampled is not lost by a run"


def test_what_was_left_is_said_with_the_command_that_does_it(store):
    results = read_results(store)
    images = ImageIntervals(Bootstraps(results.rows, store), Left(12, 130.0))
    section = next(part for part in contents(results, store, store.root, images) if part.name == "gain")
    assert (
        f"not computed yet for 12 cells: `bench report --sweep {results.selection.id}` computes them, in about 2 min"
        in (section.table.caption)
    )
    assert list(section.tables) == ["gain"], "no interval, no table of them"
    assert images.of(pairs(results.frame, "trm_ml", "dualcoop")) is None


def test_both_intervals_stand_in_every_form_of_the_report_with_what_n_is(store):
    results = read_results(store)
    folder = write_report(results, store).parent
    expected = Bootstraps(results.rows, store).difference(
        [pair for pair in pairs(results.frame, "trm_ml", "dualcoop") if pair.percent == 10]
    )
    inside = span(expected.low, expected.high)
    result = f"(n = {factory.TEST_IMAGES} images, 1,000 resamples)"
    for name in ("report.md", "report.html", "gain_images.tex"):
        text = (folder / name).read_text().replace("{[}", "[").replace("{]}", "]").replace("$-$", "−")
        assert inside in text, name
        assert result in text, name
        assert "(n = 2 seeds)" in text, name
    assert "over seeds" in (folder / "gain.tex").read_text()
    frame = pd.read_csv(folder / "gain.csv")
    [line] = frame[(frame["method"] == "trm_ml") & (frame["percent"] == "10")].to_dict("records")
    assert (line["images_low"], line["images_high"]) == pytest.approx((expected.low, expected.high))
    assert (line["pairs"], line["images"], line["resamples"]) == (2, factory.TEST_IMAGES, 1000)
    assert line["images_not_significant"] == (expected.low <= 0 <= expected.high)
    assert 'href="gain.csv"' in (folder / "report.html").read_text()


def test_the_cells_of_the_comparison_are_those_of_all_pairs(store, finished):
    for results in (
        read_results(store),
        read_results(finished[0]),
        read_results(finished[0], methods=["dualcoop", "oracle"]),
    ):
        paired = [pair for m in results.challengers for pair in pairs(results.frame, m, results.baseline)]
        assert set(compared_cells(results)) == {key for pair in paired for key in (pair.key, pair.against)}
        assert compared_cells(results)[0] in {pair.against for pair in paired}


def test_every_place_of_both_tables_tells_its_own_cells(store):
    """Method, ratio and average, against the rows and a bootstrap of just these cells."""
    results = read_results(store)
    section = next(s for s in contents(results, store, store.root, images_within(results, store)) if s.name == "gain")
    over_seeds, over_images = section.table, section.more["gain_images"]
    grid, bootstraps = Grid(percents=(10, 50), seeds=(0, 1)), Bootstraps(results.rows, store)
    for seeds, images in zip(over_seeds.rows, over_images.rows, strict=True):
        method = seeds[0].text
        assert images[0].text == method
        for place, percents in enumerate([(10,), (50,), (10, 50)], start=1):
            cells = [(grid.cell(method, p, s), grid.cell("dualcoop", p, s)) for s in (0, 1) for p in percents]
            gaps = [store.row(a.key).mAP - store.row(b.key).mAP for a, b in cells]
            by_seed = [np.mean(part) for part in np.split(np.array(gaps), 2)]
            drawn = bootstraps.difference([Pair(a.percent, a.seed, a.key, b.key, 0.0) for a, b in cells])
            assert seeds[place].text == f"{signed(np.mean(gaps))} {span(min(by_seed), max(by_seed))}"
            assert images[place].text.removesuffix(" n.s.") == f"{signed(np.mean(gaps))} {span(drawn.low, drawn.high)}"
            assert images[place].text.endswith("n.s.") == (drawn.low <= 0 <= drawn.high)
