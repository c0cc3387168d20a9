"""What a reader must know stands at the top, and at the numbers that it is about."""

from dataclasses import replace

import pytest
from helpers.store_factory import Grid, fail, finish, make_store

from bench.errors import UsageError
from bench.records.component import Component
from bench.report import ratio_table, read_results, source
from bench.report.caveats import statements
from bench.report.tables.spread import over_seeds, without_seed_effects
from bench.system.environment import source_hash

REAL_INSTALLED_CODE = source.installed_code


@pytest.fixture
def changed(monkeypatch, installed):
    """dualcoop's source is another than its rows'."""
    monkeypatch.setattr(source, "installed_code", lambda method: "new" if method == "dualcoop" else installed)


def test_installed_code_is_what_a_run_would_write():
    from methods import METHODS

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "installed_code", REAL_INSTALLED_CODE)
        for name in ("trm_ml", "asl", "oracle"):
            assert source.installed_code(name) == source_hash(METHODS.get(name))
        assert source.installed_code("of another machine") is None


def test_stale_rows_are_told_at_the_top_and_at_their_numbers(finished, changed):
    results = read_results(finished[0])
    assert any(
        "6 of 15 cells are stale: the source code of dualcoop has changed" in text for text in statements(results)
    )
    table = ratio_table(results)
    mark = 1 + next(i for i, note in enumerate(table.footnotes) if note.startswith("stale"))
    for row in table.rows:
        assert all((mark in value.marks) == (row[0].text == "dualcoop") for value in row[1:])


def test_of_a_method_that_is_not_installed_nobody_says_that_it_has_changed(finished, installed, monkeypatch):
    monkeypatch.setattr(source, "installed_code", lambda method: None if method == "dualcoop" else installed)
    results = read_results(finished[0])
    text = " ".join(statements(results))
    assert "6 of 15 cells are of methods that are not installed here (dualcoop)" in text
    assert "stale" not in text
    (note,) = [note for note in ratio_table(results).footnotes if "installed" in note]
    assert note.startswith("the method is not installed here")


def test_nothing_is_said_of_a_whole_table_of_current_rows(finished):
    text = " ".join(statements(read_results(finished[0])))
    for word in ("stale", "not whole", "One seed", "random"):
        assert word not in text


def test_labels_unknown_in_the_data_are_told_with_the_known_entries_and_the_classes_left_out(own):
    row = own.row(read_results(own).frame["key"].iloc[0])
    unknown = {"train": 0.5, "test": 0.25, "test_known": 1234, "test_entries": 2000, "not_judged": ["cat"]}
    finish(own, row.cell, data={**row.data, "unknown": unknown})
    text = " ".join(statements(read_results(own)))
    assert "50.0% of the training and 25.0% of the test entries" in text
    assert f"over the 1,234 known test entries of {len(row.class_ap) - 1} of {len(row.class_ap)} classes" in text
    assert "left out: cat." in text


def test_gaps_and_single_seeds_are_told_at_the_top(tmp_path):
    grid = Grid(methods=("asl", "dualcoop"), percents=(10, 50), epochs=2)
    store, _ = make_store(tmp_path, grid)
    (store.folder(grid.cell("asl", 10, 0).key) / "row.json").unlink()
    fail(store, grid.cell("asl", 10, 0))
    text = " ".join(statements(read_results(store)))
    assert "not whole: 1 failed of 4 places" in text
    assert "One seed" in text


@pytest.mark.parametrize("flag", ["random weights", "no CLIP"])
def test_what_a_backbone_is_not_is_said_at_the_top(own, flag):
    cell = own.cell(read_results(own).frame["key"].iloc[0])
    finish(own, cell, flags=(flag,))
    assert any(flag in text for text in statements(read_results(own)))


def test_a_miniature_on_photographs_is_told(own):
    cell = own.cell(read_results(own).frame["key"].iloc[0])
    finish(own, cell, flags=("miniature",))
    assert any("taught on drawings and has seen no photograph" in text for text in statements(read_results(own)))


def test_a_subset_is_told_with_its_counts(own):
    cell = own.cell(read_results(own).frame["key"].iloc[0])
    finish(own, cell, data={"deviations": ["train is not the official list: 4 of 9 images"]})
    (statement,) = [text for text in statements(read_results(own)) if "of the papers" in text]
    assert "train is not the official list: 4 of 9 images. Numbers here compare with each other" in statement


def test_images_that_the_encoder_enlarges_are_told_once(own):
    results, sizes = read_results(own), {"smallest": [8, 8], "median": [8, 8], "largest": [8, 8], "sampled": 3}
    backbone = Component("RN101", 1, {"image_size": 448}, fingerprint="f")
    rows = {
        key: replace(row, data={"image_sizes": sizes}, cell=replace(row.cell, backbone=backbone))
        for key, row in results.rows.items()
    }
    assert len(rows) > 1
    caveats = [text for text in statements(replace(results, rows=rows)) if "enlarged" in text]
    start = "The images have 8 x 8 pixels (3 of them looked at)"
    assert caveats == [f"{start}; RN101 takes 448 x 448, to which they are enlarged."]


def test_the_baseline_is_the_papers_unless_another_is_asked_for(finished, tmp_path):
    assert read_results(finished[0]).baseline == "dualcoop"
    assert read_results(finished[0], baseline="trm_ml").baseline == "trm_ml"
    assert read_results(finished[0], methods=["trm_ml", "oracle"]).baseline == "trm_ml"
    assert read_results(finished[0], methods=["clip_zero_shot", "oracle"]).baseline is None
    assert read_results(finished[0], methods=["dualcoop"]).baseline is None
    with pytest.raises(UsageError, match="no method 'dualcop'; did you mean 'dualcoop'"):
        read_results(finished[0], baseline="dualcop")


def test_what_a_seed_does_to_all_methods_alike_leaves_no_band(tmp_path):
    grid = Grid(methods=("asl", "dualcoop", "trm_ml"), percents=(10,), seeds=(0, 1, 2), epochs=2)
    store, _ = make_store(tmp_path, grid)
    frame = read_results(store).frame.copy()
    plain = over_seeds(frame, "mAP")
    level = {"asl": 60.0, "dualcoop": 70.0, "trm_ml": 75.0}
    frame["mAP"] = [level[m] + 5.0 * s for m, s in zip(frame["method"], frame["seed"], strict=True)]
    freed = over_seeds(without_seed_effects(frame), "mAP")
    assert all(spread.sd == pytest.approx(0, abs=1e-9) for spread in freed.values())
    assert freed["asl", 10].mean == pytest.approx(65.0)
    untouched = over_seeds(without_seed_effects(read_results(store).frame), "mAP")
    assert all(untouched[place].mean == pytest.approx(plain[place].mean) for place in plain)


def test_two_methods_bands_are_as_wide_as_their_difference_over_root_two(tmp_path):
    """With two methods, Morey's correction makes each band the spread of the paired difference / sqrt(2)."""
    grid = Grid(methods=("asl", "dualcoop"), percents=(10,), seeds=(0, 1, 2), epochs=2)
    store, _ = make_store(tmp_path, grid)
    frame = read_results(store).frame
    wide = frame.pivot_table(index="seed", columns="method", values="mAP")
    expected = (wide["asl"] - wide["dualcoop"]).std() / 2**0.5
    freed = over_seeds(without_seed_effects(frame), "mAP")
    assert freed["asl", 10].sd == pytest.approx(expected)


def test_an_incomplete_ratio_keeps_its_plain_spread(own, grid):
    (own.folder(grid.cell("trm_ml", 10, 0).key) / "row.json").unlink()
    frame = read_results(own).frame
    plain, freed = over_seeds(frame, "mAP"), over_seeds(without_seed_effects(frame), "mAP")
    assert freed["dualcoop", 10] == plain["dualcoop", 10]
    assert freed["dualcoop", 50].sd != plain["dualcoop", 50].sd
