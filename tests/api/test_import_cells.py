"""Imported cells: checked against their scores, never over what is here, and marked in a report."""

import hashlib
import io
import json
from contextlib import nullcontext

import numpy as np
import pytest
from helpers.cell_files import rewritten_cells
from helpers.store_factory import CLASSES, Grid, fail, finish, labels, make_store, rewrite_row
from helpers.strangers import untouched

from bench.api.cells import export_cells, import_cells
from bench.api.datasets_at_hand import DatasetsAtHand
from bench.errors import UsageError
from bench.records.cell_file.reading import CellFile
from bench.records.sealed import sealed
from bench.records.store import Store
from bench.report import read_results
from bench.report.caveats import statements
from bench.report.stores import open_stores
from bench.stats.metrics import average_precision

pytestmark = pytest.mark.slow

GRID = Grid(methods=("asl", "dualcoop"), percents=(10, 50), epochs=2)
KEY = GRID.cell("asl", 10, 0).key


def class_ap(store: Store, key: str) -> dict[str, float]:
    return dict(zip(CLASSES, average_precision(store.scores(key), labels()).tolist(), strict=True))


def honest(store: Store) -> Store:
    """The fabricated rows without the class that no score is of."""
    for key in store.keys():  # noqa: SIM118
        rewrite_row(store, key, class_ap=class_ap(store, key))
    return store


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> Store:
    return honest(make_store(tmp_path_factory.mktemp("theirs"), GRID)[0])


@pytest.fixture(scope="module")
def path(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "cells.tar"
    export_cells(path, results=theirs.root, by="lab B")
    return path


def take(path, folder):
    return import_cells(path, results=folder, cache=folder.parent / "cache")


def rescored(logits: np.ndarray, **metrics: float):
    """Changes that put other scores into a cell whose row fits them, but for these metrics."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, logits=logits)

    def fitting(old: bytes) -> bytes:
        row = {name: value for name, value in json.loads(old).items() if name != "sha256"}
        row["files"]["scores.npz"] = hashlib.sha256(buffer.getvalue()).hexdigest()
        row["metrics"].update(metrics)
        return json.dumps(sealed(row)).encode()

    return {f"cells/{KEY}/row.json": fitting, f"cells/{KEY}/scores.npz": lambda old: buffer.getvalue()}


def test_cells_and_their_sweep_arrive_and_a_second_time_changes_nothing(theirs, path, tmp_path):
    result = take(path, tmp_path / "ours")
    assert (result.imported, result.refused, result.problems) == (theirs.keys(), {}, [])
    ours = Store(tmp_path / "ours")
    assert ours.rows() == theirs.rows()
    assert [one.places for one in ours.sweeps()] == [one.places for one in theirs.sweeps()]
    assert ours.row(KEY).key == KEY
    assert all(np.array_equal(ours.scores(key), theirs.scores(key)) for key in theirs.keys())  # noqa: SIM118
    assert ours.curve(KEY) == theirs.curve(KEY)
    assert result.unchecked == {"scenes": 4}  # these fabricated cells are of no dataset that can be opened
    with untouched(ours.root):
        again = take(path, tmp_path / "ours")
    assert (again.imported, again.known, again.sweeps) == ([], theirs.keys(), [])


def test_the_report_of_both_stores_says_whose_cells_they_are(theirs, path, tmp_path):
    ours, _ = make_store(tmp_path / "ours", Grid(methods=("asl", "dualcoop"), percents=(10, 50), seeds=(1,), epochs=2))
    take(path, tmp_path / "imported")
    results = read_results(open_stores([ours.root, tmp_path / "imported"]), merge=True)
    assert results.seeds == (0, 1)
    assert results.missing == ()
    [sentence] = [one for one in statements(results) if "imported" in one]
    assert sentence.startswith("4 of 8 cells were trained elsewhere and imported: 4 by lab B.")
    assert not [one for one in statements(read_results(theirs)) if "imported" in one]


def test_whoever_made_a_cell_first_stays_its_maker(path, tmp_path):
    take(path, tmp_path / "ours")
    export_cells(tmp_path / "on.tar", results=tmp_path / "ours", by="lab C")
    take(tmp_path / "on.tar", tmp_path / "third")
    assert Store(tmp_path / "third").origin(KEY).by == "lab B"


def test_a_cell_that_is_trained_again_here_is_ones_own(path, tmp_path):
    take(path, tmp_path / "ours")
    ours = Store(tmp_path / "ours")
    finish(ours, GRID.cell("asl", 10, 0))
    assert ours.origin(KEY) is None


def test_other_content_under_a_key_is_refused_and_what_is_here_stays(theirs, path, tmp_path):
    ours = honest(make_store(tmp_path / "ours", GRID)[0])
    logits = ours.scores(KEY)
    changed = rewritten_cells(path, tmp_path / "other.tar", rescored(logits * 2))  # the same ranks and metrics
    with untouched(ours.root):
        result = take(changed, tmp_path / "ours")
    assert f"cell {KEY}" in result.refused[KEY]
    assert "is here with mAP" in result.refused[KEY]
    assert len(result.known) == 3


@pytest.mark.parametrize("name", ["mAP", "CF1_top3", "known_entries"])
def test_a_row_that_is_not_of_its_scores_is_refused(theirs, path, tmp_path, name):
    better = rescored(theirs.scores(KEY), **{name: 99.0})
    result = take(rewritten_cells(path, tmp_path / "other.tar", better), tmp_path / "ours")
    assert f"its row says {name} 99.0000, and its scores give" in result.refused[KEY]
    assert len(result.imported) == 3
    assert Store(tmp_path / "ours").state(KEY) == "planned"


@pytest.mark.parametrize("nonsense", [{"class_ap": [1]}, {"metrics": [1]}, {"mask": 3}, {"metrics": {"mAP": "1"}}])
def test_a_sealed_row_of_nonsense_is_refused(path, tmp_path, nonsense):
    def changed(old: bytes) -> bytes:
        row = {name: value for name, value in json.loads(old).items() if name != "sha256"}
        return json.dumps(sealed({**row, **nonsense})).encode()

    other = rewritten_cells(path, tmp_path / "other.tar", {f"cells/{KEY}/row.json": changed})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatasetsAtHand, "mask", lambda self, cell: "0" * 64)
        refused = take(other, tmp_path / "ours").refused[KEY]
    assert f"cell {KEY}" in refused
    assert "\n" not in refused


def test_scores_of_other_images_are_refused(theirs, path, tmp_path):
    fewer = rescored(theirs.scores(KEY)[:-1])
    result = take(rewritten_cells(path, tmp_path / "other.tar", fewer), tmp_path / "ours")
    assert "its scores cannot be judged" in result.refused[KEY]


def test_test_labels_of_their_own_do_not_replace_those_that_are_here(path, tmp_path):
    make_store(tmp_path / "ours", Grid(methods=("asl",), percents=(90,), epochs=2))

    def flipped(old: bytes) -> bytes:
        with np.load(io.BytesIO(old)) as arrays:
            buffer, kept = io.BytesIO(), dict(arrays)
        np.savez_compressed(buffer, **{**kept, "labels": -kept["labels"]})
        return buffer.getvalue()

    other = rewritten_cells(path, tmp_path / "other.tar", {f"targets/{'f' * 64}.npz": flipped})
    result = take(other, tmp_path / "ours")
    assert len(result.refused) == 4
    assert "test labels of scenes are not those of its fingerprint here" in result.refused[KEY]
    nowhere = rewritten_cells(path, tmp_path / "other.tar", {f"targets/{'f' * 64}.npz": lambda old: None})
    assert "are neither in the file nor here" in take(nowhere, tmp_path / "empty").refused[KEY]
    assert take(nowhere, tmp_path / "ours").refused == {}


def test_beside_a_running_sweep(path, tmp_path):
    claim = Store.claim

    def held(store, cell):
        return nullcontext() if cell.key == KEY else claim(store, cell)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "claim", held)
        result = take(path, tmp_path / "ours")
    assert "is being trained here now; import again later" in result.refused[KEY]
    assert take(path, tmp_path / "ours").refused == {}


def test_a_cell_that_failed_here_is_done_afterwards(path, tmp_path):
    ours = Store(tmp_path / "ours")
    fail(ours, GRID.cell("asl", 10, 0))
    assert KEY in take(path, tmp_path / "ours").imported
    assert ours.state(KEY) == "done"
    assert ours.error(KEY) is None


def test_a_strangers_command_is_not_kept(path, tmp_path):
    [name] = [name for name in _members(path) if name.startswith("sweeps/")]
    for command, kept in ((["rm", "-rf", "~"], ()), (["bench", "run"], ("bench", "run"))):
        change = {name: lambda old, command=command: json.dumps({**json.loads(old), "command": command}).encode()}
        folder = tmp_path / command[0]
        take(rewritten_cells(path, tmp_path / "other.tar", change), folder)
        assert Store(folder).sweeps()[0].command == kept


def _members(path):
    return CellFile(path).bundle.members


def test_masks_are_drawn_again_where_the_dataset_is_at_hand(path, tmp_path, monkeypatch):
    row = json.loads(_content(path, f"cells/{KEY}/row.json"))
    monkeypatch.setattr(
        DatasetsAtHand, "mask", lambda self, cell: row["mask"]["sha256"] if cell.percent == 10 else "0" * 64
    )
    result = take(path, tmp_path / "ours")
    assert KEY in result.masks
    assert (
        "it was not trained on the labels that partial leaves known with seed 0"
        in result.refused[GRID.cell("asl", 50, 0).key]
    )


def _content(path, name) -> bytes:
    return CellFile(path).bundle.content(name, 10**9)


def test_wrong_use_is_one_sentence(theirs, path, tmp_path):
    with pytest.raises(UsageError, match="is there already"):
        export_cells(path, results=theirs.root)
    with pytest.raises(UsageError, match="No finished cell"):
        export_cells(tmp_path / "a.tar", results=theirs.root, seeds=[9])
    with pytest.raises(UsageError, match="There is no cell 'zz'"):
        export_cells(tmp_path / "a.tar", results=theirs.root, keys=["zz"])
    with pytest.raises(UsageError, match="give one of them"):
        export_cells(tmp_path / "a.tar", results=theirs.root, keys=[KEY], sweep="a")
    assert export_cells(tmp_path / "a.tar", results=theirs.root, keys=[KEY[:8]]).keys == [KEY]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.tar"]
