"""Methods that learn without labels of images: their cells, what they are given, and files that their options name."""

from pathlib import Path

import numpy as np
import pytest
from helpers.comparisons import assert_same_scores
from helpers.trainings import QUICK, make_cell, run

from bench.errors import DataError
from bench.executors import Inline
from bench.executors.driver import run_cells
from bench.planning.plan import cells, plan
from bench.planning.request import Request
from bench.records.cells import Cell
from bench.records.rows import Row
from bench.records.store import Store
from bench.report.results import role

pytestmark = pytest.mark.slow

METHOD = "tai_dpt"
SHORT = {**QUICK, "n_ctx": 4, "pairs": False, "templates": "photo"}


def planned(resources, **changes) -> list[Cell]:
    sweep = Request(**{"methods": (METHOD, "clip_zero_shot"), "percents": (10, 50), "seeds": (0, 1), **changes})
    return list(cells(plan(sweep, resources.dataset)))


def test_one_cell_a_seed_whatever_the_ratio_and_one_alone_without_training(resources) -> None:
    cells = planned(resources)
    trained = [cell for cell in cells if cell.method.name == METHOD]
    assert [(cell.seed, cell.percent, cell.protocol.name) for cell in trained] == [(0, None, "full"), (1, None, "full")]
    assert len(cells) == len(trained) + 1


def test_the_protocol_changes_nothing(resources) -> None:
    keys = [{cell.key for cell in planned(resources, protocol=protocol)} for protocol in ("partial", "single_positive")]
    assert keys[0] == keys[1]


def test_without_epochs_it_is_one_cell(resources) -> None:
    cells = planned(resources, methods=(METHOD,), overrides={METHOD: {"epochs": 0}})
    assert len(cells) == 1


def test_it_is_selected_on_held_out_images_like_all_others(resources) -> None:
    (cell,) = planned(resources, methods=(METHOD,), seeds=(1,), holdout=20)
    assert cell.holdout == 20
    inputs, _ = resources.inputs(cell)
    assert len(inputs.heldout_rows) == 24


@pytest.mark.parametrize("method", [METHOD, "clip_zero_shot"])
def test_no_label_is_handed_over(resources, method: str) -> None:
    inputs, facts = resources.inputs(make_cell(resources, method))
    assert not inputs.observed.any()
    assert not inputs.task.observed.any()
    assert facts.known == 0


def test_seeds_differ_and_a_seed_repeats(resources, tmp_path: Path) -> None:
    scores = [
        run(make_cell(resources, METHOD, seed=seed, **SHORT), resources, tmp_path / str(number)).logits
        for number, seed in enumerate((0, 0, 1))
    ]
    assert_same_scores(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_the_report_sets_it_apart_from_ceilings(resources, tmp_path: Path) -> None:
    from helpers.trainings import Recorder

    store = Store(tmp_path)
    cell = make_cell(resources, METHOD, **{**SHORT, "epochs": 1})
    run_cells([cell], store, Inline(resources, store), Recorder())
    row: Row = store.row(cell.key)
    assert role(row, "partial") == "unlabelled"


# --- files that a method's options name


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    file = tmp_path / "captions.txt"
    file.write_text("a cat and a dog on the grass\na bus\n")
    return file


def test_the_content_of_captions_is_a_part_of_the_cell_and_their_place_is_not(resources, captions: Path) -> None:
    plain, result = make_cell(resources, METHOD), make_cell(resources, METHOD, captions=str(captions))
    moved = captions.rename(captions.with_name("elsewhere.txt"))
    same = make_cell(resources, METHOD, captions=str(moved))
    moved.write_text("a cat and a dog on the grass\na bus and a car\n")
    other = make_cell(resources, METHOD, captions=str(moved))
    assert result.key == same.key
    assert len({plain.key, result.key, other.key}) == 3
    assert str(moved.parent) not in str(other.to_json())


def test_captions_are_read_where_they_lie(resources, captions: Path, tmp_path: Path) -> None:
    result = run(make_cell(resources, METHOD, captions=str(captions), **SHORT), resources, tmp_path / "told").logits
    plain = run(make_cell(resources, METHOD, **SHORT), resources, tmp_path / "plain").logits
    assert not np.array_equal(result, plain)


def test_a_missing_file_is_named_before_anything_runs(resources, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'tai_dpt' cannot read .*none.txt .*give a file that exists"):
        planned(resources, overrides={METHOD: {"captions": str(tmp_path / "none.txt")}})
