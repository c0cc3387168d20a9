"""Reliability against a naive loop, and what a file of an earlier report saves."""

import numpy as np
import pytest
from helpers.store_factory import finish, labels
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.report import read_results
from bench.report.calibration import BINS, pooled, reliabilities, reliability
from bench.report.tables.calibration import calibration_table

LOGITS = arrays(np.float32, (7, 3), elements=st.floats(-30, 30, width=32))
LABELS = arrays(np.int8, (7, 3), elements=st.sampled_from([-1, 0, 1]))


def naive_error(logits, truth) -> float:
    shares = [1 / (1 + np.exp(-float(s))) for s in logits.ravel()]
    pairs = [(share, y == 1) for share, y in zip(shares, truth.ravel(), strict=True) if y != 0]
    error = 0.0
    for i in range(BINS):
        inside = [(p, y) for p, y in pairs if i / BINS <= p < (i + 1) / BINS or (i == BINS - 1 and p == 1)]
        if inside:
            gap = np.mean([p for p, _ in inside]) - np.mean([y for _, y in inside])
            error += len(inside) / len(pairs) * abs(gap)
    return 100 * error


@given(LOGITS, LABELS)
def test_the_error_equals_a_naive_one(logits, truth):
    if (truth != 0).any():
        assert reliability(logits, truth).error == pytest.approx(naive_error(logits, truth), abs=1e-9)


@given(LOGITS, LABELS)
def test_no_pair_is_lost_and_unjudged_pairs_do_not_count(logits, truth):
    result = reliability(logits, truth)
    assert result.pairs.sum() == (truth != 0).sum()
    assert result.present.sum() == (truth == 1).sum()


def test_pooling_is_the_same_as_stacking():
    rng = np.random.default_rng(0)
    logits, truth = rng.normal(size=(40, 3)), rng.choice([-1, 1], size=(40, 3))
    parts = [reliability(logits[:9], truth[:9]), reliability(logits[9:], truth[9:])]
    assert pooled(parts).error == pytest.approx(reliability(logits, truth).error)


def test_scores_that_mean_what_they_say_have_no_error():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(200_000, 1))
    truth = np.where(rng.random(logits.shape) < 1 / (1 + np.exp(-logits)), 1, -1)
    honest, timid = reliability(logits, truth), reliability(logits - 2, truth)
    assert honest.error < 0.5
    assert timid.excess < -20
    assert timid.error == pytest.approx(-timid.excess, abs=0.5)


def test_a_row_is_read_once_until_it_changes(own, tmp_path, monkeypatch):
    cache = tmp_path / "calibration.json"
    first = reliabilities(read_results(own), own, cache)
    assert set(first) == set(read_results(own).rows)
    read = []
    scores = type(own).scores
    monkeypatch.setattr(type(own), "scores", lambda store, key: read.append(key) or scores(store, key))
    again = reliabilities(read_results(own), own, cache)
    assert read == []
    assert all(again[key].error == first[key].error for key in first)
    cell = own.cell(next(iter(first)))
    finish(own, cell, finished="2027-01-01T00:00:00+00:00")
    reliabilities(read_results(own), own, cache)
    assert read == [cell.key]


def test_the_table_holds_the_stored_scores_errors(finished, grid):
    store = finished[0]
    result = {row.key: reliability(store.scores(row.key), labels()) for row in store.rows()}
    table = calibration_table(read_results(store), result)
    row = {row[0].text: row for row in table.rows}["dualcoop"]
    errors = [result[grid.cell("dualcoop", 10, seed).key].error for seed in grid.seeds]
    assert row[1].text == f"{np.mean(errors):.1f} ± {np.std(errors, ddof=1):.1f}"
