"""AP by class: means of the rows' own numbers, classes in order of frequency, thirds that hold every class once."""

import numpy as np
import pytest
from helpers.store_factory import CLASSES, labels

from bench.report import read_results
from bench.report.classes import class_scores, frequencies


def test_values_are_means_over_seeds_of_the_rows(finished, grid):
    store = finished[0]
    scores = class_scores(read_results(store), store, ["trm_ml", "dualcoop"], [10])
    for method, values in zip(scores.methods, scores.values, strict=True):
        rows = [store.row(grid.cell(method, 10, seed).key) for seed in grid.seeds]
        for name, value in zip(scores.classes, values, strict=True):
            assert value == pytest.approx(np.mean([row.class_ap[name] for row in rows]))


def test_averages_over_ratios_weigh_every_ratio_alike(finished, grid):
    store = finished[0]
    results = read_results(store)
    whole = class_scores(results, store, ["dualcoop"], grid.percents)
    parts = [class_scores(results, store, ["dualcoop"], [percent]) for percent in grid.percents]
    np.testing.assert_allclose(whole.values, np.mean([part.values for part in parts], axis=0))


def test_the_most_frequent_class_is_first_and_unjudged_ones_are_out(finished):
    store = finished[0]
    scores = class_scores(read_results(store), store, ["dualcoop"], [10])
    counts = dict(zip(CLASSES, (labels() == 1).sum(axis=0), strict=True))
    assert list(scores.positives) == sorted((counts[name] for name in scores.classes), reverse=True)
    assert [counts[name] for name in scores.classes] == list(scores.positives)
    assert "train" not in scores.classes  # the factory's class without test positives


def test_training_counts_are_preferred_to_the_test_images(finished):
    store = finished[0]
    row = next(iter(read_results(store).rows.values()))
    assert frequencies(row, store)[1] == "test"
    records = {**row.data, "train_positives": {name: i for i, name in enumerate(row.class_ap)}}
    object.__setattr__(row, "data", records)
    counts, split = frequencies(row, store)
    assert split == "training"
    assert list(counts) == list(range(len(row.class_ap)))


def test_distances_from_the_baseline_leave_it_out(finished):
    store = finished[0]
    scores = class_scores(read_results(store), store, ["trm_ml", "dualcoop"], [10])
    apart = scores.against("dualcoop")
    assert apart.methods == ("trm_ml",)
    np.testing.assert_allclose(apart.values[0], scores.values[0] - scores.values[1])


def test_methods_without_every_ratio_are_left_out(own, grid):
    (own.folder(grid.cell("trm_ml", 10, 0).key) / "row.json").unlink()
    (own.folder(grid.cell("trm_ml", 10, 1).key) / "row.json").unlink()
    assert class_scores(read_results(own), own, ["trm_ml", "dualcoop"], grid.percents).methods == ("dualcoop",)
    assert class_scores(read_results(own), own, ["trm_ml"], grid.percents) is None


def test_thirds_and_the_classes_that_differ_most():
    from bench.report.classes import ClassScores

    values = np.array([[10.0, 20, 30, 40, np.nan, 60, 70], [10.0, 25, 30, 49, np.nan, 60, 71]])
    scores = ClassScores(("a", "b"), tuple("stuvwxy"), values, np.arange(7)[::-1], "test")
    np.testing.assert_allclose(scores.thirds()[0], [20.0, 40.0, 65.0])
    assert scores.most_different(3).classes == ("t", "v", "y")
