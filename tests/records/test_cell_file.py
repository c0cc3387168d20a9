"""Files of cells: what a store exports comes back as it was, and what is no cell is named."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from helpers.cell_files import rewritten_cells
from helpers.store_factory import Grid, labels, make_store

from bench.errors import DataError
from bench.records.cell_file.reading import CellFile
from bench.records.cell_file.writing import finished_keys, write_cells
from bench.records.origin import CellOrigin
from bench.records.sealed import sealed
from bench.system.bundle import BundleError

GRID = Grid(methods=("asl", "dualcoop", "clip_zero_shot"), percents=(10, 50), epochs=2)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store"), GRID)[0]


@pytest.fixture(scope="module")
def path(store, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "cells.tar"
    write_cells(path, store, store.keys(), {"by": "lab A", "at": "2026-01-01"})
    return path


def test_cells_come_back_as_they_were(store, path):
    source = CellFile(path)
    assert source.keys == store.keys()
    assert list(source.layout_problems()) == []
    for key in source.keys:
        shared = source.cell(key)
        assert shared.row == store.row(key)
        assert np.array_equal(shared.scores, store.scores(key))
        assert source.origin(key) == CellOrigin(by="lab A", exported="2026-01-01")
    assert list(source.sweeps()) == store.sweeps()
    assert np.array_equal(source.targets("f" * 64).labels, labels())
    assert source.targets("e" * 64) is None


def test_no_weights_and_no_log_travel(path):
    assert not [name for name in CellFile(path).bundle.members if name.endswith((".safetensors", ".txt", ".pth"))]


def test_filters(store):
    assert finished_keys(store, store.keys(), ["asl"], [10], None) == [GRID.cell("asl", 10, 0).key]
    assert finished_keys(store, store.keys(), ["clip_zero_shot"], [10], [0]) != []  # it is of every ratio
    assert finished_keys(store, store.keys(), None, None, [7]) == []


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


KEY = GRID.cell("asl", 10, 0).key
OTHER = GRID.cell("asl", 50, 0).key


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("row.json", lambda old: old.replace(b'"epochs": 2', b'"epochs": 3', 1), "it is not what was written"),
        ("row.json", lambda old: b"{", "is damaged"),
        ("row.json", lambda old: b"[" * 10**5, "is damaged"),
        ("row.json", lambda old: b"3", "is damaged"),
        ("cell.json", lambda old: old.replace(b'"percent": 10', b'"percent": 20'), "it describes cell"),
        ("cell.json", lambda old: old.replace(b'"schema": 2', b'"schema": 1'), "of another version of bench"),
        ("scores.npz", lambda old: npz(logits=np.zeros((3, 2), np.float32)), "is not that of its row"),
        ("scores.npz", lambda old: None, "it has no cells"),
        ("curve.jsonl", lambda old: b"{}\n", "is not that of its row"),
    ],
)
def test_a_damaged_cell_is_named_and_the_others_are_good(path, tmp_path, name, change, message):
    member = f"cells/{KEY}/{name}"
    source = CellFile(rewritten_cells(path, tmp_path / "other.tar", {member: change}))
    with pytest.raises(DataError, match=message) as caught:
        source.cell(KEY)
    assert "\n" not in str(caught.value)
    assert source.cell(OTHER).cell.key == OTHER


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "is no file of logits"),
        (npz(logits=np.zeros((3, 2), np.float64)), "holds no scores"),
        (npz(logits=np.zeros(3, np.float32)), "holds no scores"),
        (npz(logits=np.zeros((3, 2), np.float32), more=np.zeros(1)), "is no file of logits"),
        (npz(logits=np.array([[{}]], object)), "is no file of plain arrays"),
    ],
)
def test_scores_that_are_none_are_refused_even_where_the_row_fits_them(path, tmp_path, content, message):
    def fitting(old: bytes) -> bytes:
        row = {name: value for name, value in json.loads(old).items() if name != "sha256"}
        row["files"]["scores.npz"] = hashlib.sha256(content).hexdigest()
        return json.dumps(sealed(row)).encode()

    changes = {f"cells/{KEY}/row.json": fitting, f"cells/{KEY}/scores.npz": lambda old: content}
    with pytest.raises(DataError, match=message):
        CellFile(rewritten_cells(path, tmp_path / "other.tar", changes)).cell(KEY)


def test_arrays_are_bounded_before_they_are_unpacked(path, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.records.cell_file.arrays.LARGEST_ARRAYS", 100)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)  # nothing is unpacked
    with pytest.raises(BundleError, match="bytes unpacked, more than 100"):
        CellFile(path).cell(KEY)


def test_what_is_no_part_of_a_cell_is_named(path, tmp_path):
    added = {"notes.txt": lambda old: b"hello", f"cells/{KEY}/weights.pt": lambda old: b"x"}
    problems = list(CellFile(rewritten_cells(path, tmp_path / "other.tar", added)).layout_problems())
    assert [problem.split(" is no file")[0] for problem in problems] == ["notes.txt", f"cells/{KEY}/weights.pt"]


def test_of_a_file_that_is_cut_off_the_first_cells_are_good(path, tmp_path):
    cut = tmp_path / "cut.tar"
    source = CellFile(path)
    cut.write_bytes(path.read_bytes()[: source.bundle.members[f"cells/{source.keys[1]}/row.json"].offset + 100])
    source = CellFile(cut)
    assert source.cell(source.keys[0]).cell.key == source.keys[0]
    with pytest.raises(BundleError, match="it is cut off"):
        source.cell(source.keys[1])
    assert "it is cut off" in next(source.layout_problems())
    assert all("it is cut off" in problem for problem in source.sweeps())


def test_an_origin_is_text_of_bounded_length():
    assert CellOrigin.from_json({"by": "x" * 999, "at": 3, "evil": 1}) == CellOrigin(by="x" * 200, exported="3")
    assert "\x1b" not in CellOrigin.from_json({"by": "\x1b[31m"}).by
