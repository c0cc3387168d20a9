"""Files of a finished cell that are cut, flipped, emptied or another's: named, and no other cell pays for it."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.store_factory import Grid, finish, make_store, running

from bench.errors import DataError
from bench.records import damage
from bench.records.store import Store
from bench.report import read_results, write_report

pytestmark = pytest.mark.slow

GRID = Grid(methods=("asl", "dualcoop"), percents=(10, 50), epochs=3)
FILES = ("cell.json", "row.json", "curve.jsonl", "scores.npz", "weights.safetensors")


def hurt(content: bytes, how: str) -> bytes:
    """The content as a bad disk gives it back."""
    chance = random.Random(f"{how} {len(content)}")
    match how.split():
        case ["empty"]:
            return b""
        case ["random"]:
            return chance.randbytes(len(content))
        case ["cut", share]:
            return content[: int(len(content) * float(share))]
        case ["flip", share]:
            place = int(len(content) * float(share))
            return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
    raise AssertionError(how)


HOWS = ("empty", "random", "cut 0.1", "cut 0.5", "cut 0.99", *(f"flip {k / 8}" for k in range(8)), "flip 0.99")


@pytest.fixture
def store(tmp_path) -> Store:
    store, _ = make_store(tmp_path / "results", GRID)
    for cell in GRID.cells():
        finish(store, cell, weights=cell.key.encode() * 20)
    return store


def everything(store: Store, key: str) -> None:
    """All that a reader may ask of a cell; DataError is a sentence, and anything else is not."""
    for ask in (store.state, store.lease, store.error, store.reason, store.curve, store.has_scores):
        ask(key)
    lines = []
    for ask in (store.cell, store.row, store.scores, store.weights):
        try:
            ask(key)
        except DataError as error:
            lines.append(str(error))
    assert all(str(store.folder(key)) in text and "\n" not in text for text in lines), lines


@pytest.mark.parametrize("name", FILES)
def test_whatever_happens_to_a_file_costs_its_own_cell_alone(store, name):
    victim, *others = store.keys()
    path = store.folder(victim) / name
    content, sound = path.read_bytes(), {key: store.scores(key).tobytes() for key in others}
    for how in HOWS:
        path.write_bytes(hurt(content, how))
        everything(store, victim)
        results = read_results(store)
        assert set(others) <= set(results.rows), how
        assert {key: store.scores(key).tobytes() for key in others} == sound
    path.write_bytes(content)
    assert set(read_results(store).rows) == {victim, *others}


@pytest.mark.parametrize("how", HOWS)
def test_a_row_that_is_not_what_was_written_does_not_count(store, how):
    victim = store.keys()[0]
    path = store.folder(victim) / "row.json"
    path.write_bytes(hurt(path.read_bytes(), how))
    assert store.state(victim) == "failed"
    assert "row.json" in store.reason(victim)
    assert [gap.key for gap in read_results(store).missing] == [victim]
    assert victim not in [row.key for row in store.rows()]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", ["scores.npz", "weights.safetensors"])
def test_scores_and_weights_are_those_that_were_written_or_none(store, name, how):
    key = store.keys()[0]
    path = store.folder(key) / name
    path.write_bytes(hurt(path.read_bytes(), how))
    with pytest.raises(DataError, match=f"{name} is damaged"):
        (store.scores if name == "scores.npz" else store.weights)(key)
    assert store.has_scores(key) == (name != "scores.npz")


@pytest.mark.parametrize("how", HOWS)
def test_a_curve_that_is_not_what_was_written_is_not_shown(store, how, caplog):
    key = store.keys()[0]
    path = store.folder(key) / "curve.jsonl"
    path.write_bytes(hurt(path.read_bytes(), how))
    assert store.curve(key) == []
    assert "curve.jsonl is damaged" in caplog.text


def test_a_report_is_written_whatever_is_damaged(store):
    keys = store.keys()
    for key, name in zip(keys, ("scores.npz", "curve.jsonl", "row.json", "cell.json"), strict=True):
        path = store.folder(key) / name
        path.write_bytes(hurt(path.read_bytes(), "random"))
    (targets,) = (store.root / "targets").iterdir()
    targets.write_bytes(hurt(targets.read_bytes(), "cut 0.5"))
    results = read_results(store)
    report = write_report(results, store)
    assert set(results.rows) == {*keys} - {keys[2]}
    assert "row.json is damaged" in report.read_text()
    for left in report.parent.iterdir():
        if left.is_file():
            left.write_bytes(hurt(left.read_bytes(), "random"))
    write_report(read_results(store), store)


def test_another_cells_files_are_not_taken_for_its_own(store):
    first, second = store.keys()[:2]
    for name in ("row.json", "cell.json"):
        shutil.copy(store.folder(first) / name, store.folder(second) / name)
    assert store.state(second) == "failed"
    assert first in store.reason(second)
    with pytest.raises(DataError, match=f"cell.json is damaged .*describes cell {first}"):
        store.cell(second)


def test_a_claim_mends_the_cells_description_and_sweeps_what_a_kill_left(store):
    cell = GRID.cells()[0]
    folder = store.folder(cell.key)
    (folder / "cell.json").write_text("{}")
    left = folder / f".scores.npz.{'0' * 32}"
    left.write_bytes(b"half")
    (folder / ".hidden").write_text("a user's own")
    with store.claim(cell):
        assert store.cell(cell.key) == cell
        assert not left.exists()
        assert (folder / ".hidden").exists()


@pytest.mark.parametrize("lease", ["", "[]", "{}", "7", '{"host": 1, "pid": "x", "process_started": null}', "\x00"])
def test_a_lease_that_cannot_be_read_is_none(store, lease):
    cell = GRID.cells()[0]
    (store.folder(cell.key) / "lease.json").write_text(lease)
    assert store.lease(cell.key) is None
    assert store.state(cell.key) == "done"


def test_lines_of_a_running_cells_curve_that_are_none_are_left_out(tmp_path, caplog):
    store, cell = Store(tmp_path / "results"), GRID.cells()[0]
    with running(store, cell, epochs=2) as folder:
        with (folder / "curve.jsonl").open("ab") as file:
            file.write(b'\xff\xfe\n[1]\n{"epoch": 3, "loss": 1.0}\n{"epo')
        assert [record["epoch"] for record in store.curve(cell.key)] == [1, 2, 3]
    assert "curve.jsonl" in caplog.text


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"id": 3}', b"\xff\xff", b"[" * 100_000])
def test_a_foreign_file_among_the_sweeps_is_left_out_and_named(store, content, caplog):
    damage.warn_once.cache_clear()
    known = store.sweeps()
    (store.root / "sweeps" / "foreign (conflicted copy).json").write_bytes(content)
    assert store.sweeps() == known
    assert "conflicted copy" in caplog.text


def test_a_copy_of_a_sweep_does_not_count_twice(store, caplog):
    (path,) = (store.root / "sweeps").iterdir()
    shutil.copy(path, path.with_name(f"{path.stem} (conflicted copy).json"))
    assert len(store.sweeps()) == 1
    assert "conflicted copy" in caplog.text


def test_damaged_labels_are_written_again_by_the_next_cell(store):
    cell = GRID.cells()[0]
    before, path = store.targets(cell.dataset.fingerprint), store.targets_file(cell.dataset.fingerprint)
    path.write_bytes(hurt(path.read_bytes(), "cut 0.5"))
    store.save_targets(cell.dataset.fingerprint, before)
    assert np.array_equal(store.targets(cell.dataset.fingerprint).labels, before.labels)


def test_a_row_of_an_older_version_is_read(store):
    key = store.keys()[0]
    path: Path = store.folder(key) / "row.json"
    row = json.loads(path.read_text())
    for name in ("sha256", "files"):
        del row[name]
    path.write_text(json.dumps(row))
    assert store.state(key) == "done"
    assert store.row(key).files == {}
    assert store.has_scores(key)
    (store.folder(key) / "scores.npz").write_bytes(b"PK")
    assert not store.has_scores(key)
