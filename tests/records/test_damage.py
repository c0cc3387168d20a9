"""Files of a finished cell that are cut, flipped, emptied or another's: named, and no other cell pays for it."""

import random

import numpy as np
import pytest
from helpers.store_factory import Grid, finish, make_store

from bench.errors import DataError
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


def test_damaged_labels_are_written_again_by_the_next_cell(store):
    cell = GRID.cells()[0]
    before, path = store.targets(cell.dataset.fingerprint), store.targets_file(cell.dataset.fingerprint)
    path.write_bytes(hurt(path.read_bytes(), "cut 0.5"))
    store.save_targets(cell.dataset.fingerprint, before)
    assert np.array_equal(store.targets(cell.dataset.fingerprint).labels, before.labels)
