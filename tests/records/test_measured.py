"""Further metrics of finished cells: from the stored scores, computed once, and again where anything changed."""

import numpy as np
import pytest
from helpers import store_factory as factory
from helpers.store_factory import Grid, make_store, relabel

from bench.metrics import FurtherMetric, parse_metrics
from bench.metrics.of_classes import AreaUnderRoc
from bench.records.kept_metrics import MEASURED_HOME
from bench.records.measured import measured
from bench.records.warnings import warn_once
from bench.system.files import read_json, write_json

METRICS = parse_metrics("auroc,r@2")


@pytest.fixture
def store(tmp_path):
    warn_once.cache_clear()
    return make_store(tmp_path, Grid(methods=("asl",), percents=(10, 50), epochs=1))[0]


@pytest.fixture
def computed(monkeypatch):
    """The names of what was computed and not read, one after another."""
    names, measure = [], FurtherMetric.measure
    monkeypatch.setattr(
        FurtherMetric, "measure", lambda self, *given: names.append(self.written) or measure(self, *given)
    )
    return names


def test_they_are_those_of_scores_and_test_labels(store):
    row = store.rows()[0]
    result = measured([row], store, METRICS)[row.key]
    assert result == {metric.written: metric.measure(factory.scores(row.cell), factory.labels()) for metric in METRICS}
    assert result["auroc"].value > 60


def test_each_is_computed_once_and_a_new_one_alone(store, computed):
    first = measured(store.rows(), store, METRICS)
    assert computed == ["auroc", "r@2"] * 2
    assert measured(store.rows(), store, METRICS) == first
    assert len(computed) == 4
    measured(store.rows(), store, parse_metrics("auroc,r@3"))
    assert computed[4:] == ["r@3"] * 2
    assert measured(store.rows(), store, METRICS) == first, "what was kept before is still there"
    assert len(computed) == 6


def test_a_second_time_needs_no_scores(store, computed):
    first = measured(store.rows(), store, METRICS)
    for row in store.rows():
        (store.folder(row.key) / "scores.npz").unlink()
    assert measured(store.rows(), store, METRICS) == first


def test_other_scores_labels_or_another_version_are_computed_anew(store, computed, monkeypatch):
    measured(store.rows(), store, METRICS)
    row = store.rows()[0]
    measured([factory.finish(store, row.cell, attempt=1)], store, METRICS)
    assert len(computed) == 4, "trained again with the same scores"
    labels = factory.labels()
    labels[:40] = 0
    relabel(store, labels)
    result = measured([row], store, METRICS)[row.key]
    assert computed[4:] == ["auroc", "r@2"]
    assert result["auroc"].known == 80 * 6
    monkeypatch.setattr(AreaUnderRoc, "version", 2)
    measured([row], store, METRICS)
    assert computed[6:] == ["auroc"]


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"of": 1, "metrics": 3}', '{"metrics": {}}', "values"])
def test_a_damaged_file_is_made_again(store, computed, damaged):
    [row, _] = store.rows()
    first = measured([row], store, METRICS)
    path = store.root / "reports" / MEASURED_HOME / f"{row.key}.json"
    if damaged == "values":
        data = read_json(path)
        write_json(path, {**data, "metrics": {name: {"value": "x"} for name in data["metrics"]}})
    else:
        path.write_text(damaged)
    assert measured([row], store, METRICS) == first
    assert len(computed) == 4


def test_a_class_that_cannot_be_judged_is_kept_as_such(store, computed):
    row, labels = store.rows()[0], factory.labels()
    labels[:, 2] = np.abs(labels[:, 2])
    relabel(store, labels)
    for _ in range(2):
        one = measured([row], store, METRICS)[row.key]["auroc"]
        assert np.flatnonzero(np.isnan(one.classes)).tolist() == [2]
        assert one.value == pytest.approx(np.nanmean(one.classes))
    assert len(computed) == 2


def test_a_cell_without_scores_is_left_out_with_a_warning(store, caplog):
    gone, other = store.rows()
    (store.folder(gone.key) / "scores.npz").unlink()
    assert list(measured([gone, other], store, METRICS)) == [other.key]
    assert "no further metrics: " in caplog.text
    assert f"{gone.key}/scores.npz" in caplog.text


def test_labels_that_are_gone_are_said_once_for_all_cells(store, caplog):
    store.targets_file(store.rows()[0].cell.dataset.fingerprint).unlink()
    assert measured(store.rows(), store, METRICS) == {}
    assert caplog.text.count("no further metrics: ") == 1


def test_scores_of_other_images_are_not_measured(store, caplog):
    relabel(store, factory.labels()[1:])
    assert measured(store.rows(), store, METRICS) == {}
    assert "are (120, 6), the test labels (119, 6)" in caplog.text


def test_damaged_scores_are_not_measured(store, caplog):
    row = store.rows()[0]
    path = store.folder(row.key) / "scores.npz"
    path.write_bytes(path.read_bytes()[:-40])
    assert measured([row], store, METRICS) == {}
    assert "is damaged" in caplog.text


def test_a_frame_has_a_column_for_each(store):
    (store.folder(store.rows()[1].key) / "scores.npz").unlink()
    frame = store.to_frame(metrics=["auroc", "r@2"])
    assert list(frame.columns[-2:]) == ["auroc", "r@2"]
    expected = measured(store.rows()[:1], store, METRICS)[frame["key"][0]]
    assert frame["auroc"][0] == expected["auroc"].value
    assert np.isnan(frame["r@2"][1])
    assert frame.drop(columns=["auroc", "r@2"]).equals(store.to_frame())
