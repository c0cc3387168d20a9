"""Tables of further metrics: their numbers, what is best, and the note on what they were taken over."""

import shutil
import statistics

import numpy as np
import pytest
from helpers import store_factory as factory
from helpers.store_factory import relabel

from bench.metrics import parse_metrics
from bench.records.store import Store
from bench.report import read_results, with_metrics
from bench.report.results import Results
from bench.report.sections.metrics import metric_sections
from bench.report.stamp import inputs_digest
from bench.report.tables.metric_classes import class_records, class_tables
from bench.report.tables.metrics import metric_tables

NAMES = "auroc,ranking_loss,coverage,precision@recall0.8"


@pytest.fixture(scope="module")
def complete(finished, tmp_path_factory) -> Store:
    """A copy of the finished store, in which numbers are kept."""
    root = tmp_path_factory.mktemp("complete") / "results"
    shutil.copytree(finished[0].root, root)
    return Store(root)


@pytest.fixture
def unknown(own) -> Store:
    """A store in which every third label is unknown, one class has no known positive, and an image has no label."""
    labels = factory.labels()
    labels[::3, ::2] = labels[1::3, 1::2] = 0
    labels[:, 4], labels[5] = -1, 0
    relabel(own, labels)
    return own


def results_of(store: Store, **filters) -> Results:
    return with_metrics(read_results(store, **filters), store, NAMES)


def test_a_place_is_the_mean_over_seeds_with_their_spread(complete):
    results = results_of(complete)
    [auroc] = parse_metrics("auroc")
    rows = results.filled["dualcoop", 50]
    values = [auroc.measure(factory.scores(row.cell), factory.labels()).value for row in rows]
    table = metric_tables(results)["metrics_auroc"]
    place = table.rows[results.methods.index("dualcoop")][1 + results.percents.index(50)]
    assert place.text == f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"
    assert place.keys == tuple(row.key for row in rows)


def test_the_averages_stand_beside_the_headline(complete):
    results = results_of(complete)
    table = metric_tables(results)["metrics"]
    assert table.columns == ("method", "mAP", "AUROC¹", "ranking loss ↓²", "coverage ↓³", "P@R0.8⁴")
    assert [note.partition(":")[0] for note in table.footnotes[:4]] == ["AUROC", "ranking loss", "coverage", "P@R0.8"]
    assert table.title == "Further metrics, averages over ratios"
    mean = results.frame[results.frame["method"] == "dualcoop"]["coverage"].mean()
    assert table.rows[results.methods.index("dualcoop")][4].text.startswith(f"{mean:.2f} ±"), (
        "a small count has two decimals"
    )


def test_the_lowest_is_best_where_lower_is_better(complete):
    results = results_of(complete)
    for name, best in (("auroc", max), ("ranking_loss", min), ("coverage", min)):
        means = results.frame[results.frame["method"] != "oracle"].groupby("method")[name].mean()
        winner = best(means.index, key=means.get)
        table = metric_tables(results)[f"metrics_{name}"]
        assert [row[0].text for row in table.rows if row[-1].style == "best"] == [winner]
        assert {row[-1].style for row in table.rows if row[0].text == "oracle"} == {"aside"}


def test_the_note_says_that_all_is_known(complete):
    table = metric_tables(results_of(complete))["metrics"]
    caption = table.caption
    assert "All 720 test entries (an image and a class) are known." in caption
    assert table.footnotes[0].endswith("mean over all 6 classes")
    assert "not judged" not in caption
    assert "in percent but for coverage" in caption


def test_the_note_says_which_entries_classes_and_images_were_judged(unknown):
    results = results_of(unknown)
    labels = unknown.targets(next(iter(results.rows.values())).cell.dataset.fingerprint).labels
    images = int(((labels == 1).any(axis=1) & (labels == -1).any(axis=1)).sum())
    table = metric_tables(results)["metrics"]
    caption = table.caption
    assert f"Taken over the {np.count_nonzero(labels):,} known of 720 test entries" in caption
    assert "Classes that are not judged: chair." in caption
    assert table.footnotes[0].endswith("mean over 5 of 6 classes")
    assert table.footnotes[1].endswith(f"mean over {images} of 120 images")
    assert 0 < images < 120


def test_cells_without_scores_have_a_gap_and_are_counted(own):
    results = read_results(own)
    for one in results.filled["trm_ml", 10]:
        (own.folder(one.key) / "scores.npz").unlink()
    tables = metric_tables(results_of(own))
    assert "Not measured: 2 cells whose scores are not in the store." in tables["metrics"].caption
    assert tables["metrics_auroc"].rows[results.methods.index("trm_ml")][1].text == "-"
    assert tables["metrics"].rows[results.methods.index("trm_ml")][2].text == "-", "no average without a ratio"


def test_one_ratio_has_one_table(complete):
    assert list(metric_tables(results_of(complete, percents=[50]))) == ["metrics"]


def test_classes_stand_by_frequency_without_those_that_are_not_judged(unknown):
    results = results_of(unknown)
    table = class_tables(results, unknown)["metrics_by_class_auroc"]
    counts = [int(row[1].text) for row in table.rows]
    assert counts == sorted(counts, reverse=True)
    assert {row[0].text for row in table.rows} == set(factory.CLASSES) - {"chair"}
    records = [one for one in class_records(results) if one["metric"] == "auroc" and one["method"] == "trm_ml"]
    own = {(one["class"], one["percent"]): one["value"] for one in records}
    means = [np.mean([own[name.text, percent] for percent in results.percents]) for name, *_ in table.rows]
    place = table.columns.index("trm_ml")
    assert [row[place].text.split(" ")[0] for row in table.rows] == [f"{mean:.1f}" for mean in means]
    assert np.isnan(own["chair", 10])
    assert "trm_ml: reconstruction" in table.caption


def test_a_report_without_metrics_has_none_of_it_and_is_another(complete):
    results = read_results(complete)
    assert list(metric_sections(results, complete)) == []
    assert metric_tables(results) == {}
    assert with_metrics(results, complete, ()) is results
    digests = [inputs_digest(one, complete) for one in (results, results_of(complete), results_of(complete))]
    assert digests[0] != digests[1] == digests[2]
