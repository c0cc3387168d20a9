"""A report made from MLflow alone says what the store's says, to the last digit."""

import shutil

import numpy as np
import pytest
from helpers.store_factory import CLASSES, Grid, fail, finish, make_store, running, save_sweep
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import UsageError
from bench.records.store import Store
from bench.report import average_table, cost_table, markdown, ratio_table, read_results
from bench.report.reading import curves
from bench.tracking import TrackingError, mirrored, sync

pytestmark = pytest.mark.slow


def uri(store: Store) -> str:
    return f"sqlite:///{store.root / 'mlflow.db'}"


@pytest.fixture
def uneven(empty) -> Store:
    """Several seeds; a cell failed, one is cut off, one runs, one waits; another, older sweep."""
    save_sweep(empty, Grid(methods=("dualcoop",), percents=(90,), epochs=3), created="2025-01-01T00:00:00+00:00")
    grid = Grid(methods=("trm_ml", "asl", "clip_zero_shot", "oracle"), percents=(10, 50), seeds=(0, 1), epochs=4)
    save_sweep(empty, grid)
    first, second, third, fourth, *others = grid.cells()
    for cell in others:
        finish(empty, cell)
    fail(empty, first)
    fail(empty, second)
    finish(empty, second)  # its second attempt went well
    with running(empty, third), running(empty, fourth):
        pass
    with running(empty, third, epochs=1):
        sync(empty)
        yield empty


def test_tables_rows_curves_and_scores_are_the_same(uneven, tmp_path):
    expected = read_results(uneven)
    shutil.move(uneven.root / "cells", tmp_path / "out of reach")
    before = Store(tmp_path)
    before.folder = lambda key: tmp_path / "out of reach" / key
    with mirrored(uri(uneven), tmp_path / "elsewhere") as store:
        result = read_results(store)
        assert result.frame.to_csv(index=False) == expected.frame.to_csv(index=False)
        for table in (ratio_table, average_table, cost_table):
            assert markdown(table(result)) == markdown(table(expected))
        assert {(gap.method, gap.percent, gap.seed, gap.state, gap.reason) for gap in result.missing} == {
            (gap.method, gap.percent, gap.seed, gap.state, gap.reason) for gap in expected.missing
        }
        assert curves(result, store).to_csv() == curves(expected, before).to_csv()
        for key, row in expected.rows.items():
            assert result.rows[key] == row
            np.testing.assert_array_equal(store.scores(key), before.scores(key))
        fingerprint = next(iter(expected.rows.values())).cell.dataset.fingerprint
        assert store.targets(fingerprint).class_names == CLASSES
        assert len(store.sweeps()) == 2
    assert not (tmp_path / "elsewhere").exists()  # reading writes nothing


def test_the_written_report_is_the_same(empty, tmp_path):
    store, sweep = make_store(empty.root, Grid(methods=("trm_ml", "asl"), percents=(10, 50), epochs=2))
    sync(store)
    shutil.copytree(store.root, tmp_path / "own", ignore=shutil.ignore_patterns("mlflow*"))
    for root, *more in ((tmp_path / "own",), (tmp_path / "back", "--from-mlflow", uri(store), "--sweep", sweep[:6])):
        done = CliRunner().invoke(app, ["report", "--results", str(root), *more])
        assert done.exit_code == 0, done.output
    for name in ("results.csv", "report.md"):
        own, back = (tmp_path / root / "reports" / sweep / name for root in ("own", "back"))
        assert own.read_bytes() == back.read_bytes()


def test_one_sweep_brings_its_own_cells_only(uneven, tmp_path):
    older = uneven.sweeps()[0].id
    with mirrored(uri(uneven), tmp_path, older[:5]) as store:
        assert [record.id for record in store.sweeps()] == [older]
        assert store.keys() == []


def test_what_is_not_there_is_one_sentence(finished, tmp_path):
    with pytest.raises(UsageError, match="There is no MLflow database"), mirrored("sqlite:////no/such.db", tmp_path):
        pass
    with pytest.raises(UsageError, match="has no sweep of bench"), mirrored(uri(finished), tmp_path):
        pass
    sync(finished)
    with pytest.raises(UsageError, match="has no sweep 'zz'; it has"), mirrored(uri(finished), tmp_path, "zz"):
        pass
    with pytest.raises(TrackingError, match=r"does not answer .*refused"), mirrored("http://127.0.0.1:9", tmp_path):
        pass
