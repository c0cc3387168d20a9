"""Lists of class indices and of zeros and ones are told apart by the whole file, or refused; never mixed up."""

import json
from pathlib import Path

import pytest
from helpers.copies import listfile, mmpretrain_json
from helpers.copy_files import Copy, lines

from bench.data.coding import class_indices
from bench.data.lists import read_indices
from bench.errors import DataError

TRUTH = [[1, -1, 1], [-1, -1, -1], [-1, 1, -1]]


@pytest.fixture
def copy(tmp_path) -> Copy:
    (tmp_path / "copy").mkdir()
    return listfile(tmp_path / "copy")


def opened(copy: Copy, rows: list[str], cache: Path, **options: str):
    names = list(copy.train)
    text = lines([f"{name},{row}" for name, row in zip(names, rows, strict=True)])
    (copy.root / "train.txt").write_text(text)
    return copy.open(cache, **options)


@pytest.mark.parametrize("rows", [["1 0 1", "0 0 0", "0 1 0"], ["1,0,1", "0,0,0", "0,1,0"], ["0 2", "", "1"]])
def test_zeros_and_ones_are_read_as_such_and_indices_as_such(rows, copy, tmp_path):
    assert opened(copy, rows, tmp_path / "cache").train.labels.tolist() == TRUTH


def test_json_may_hold_either_too(tmp_path):
    copy = mmpretrain_json(tmp_path)
    content = json.loads((tmp_path / "train.json").read_text())
    expected = copy.labels("train").tolist()
    for item, row in zip(content["data_list"], expected, strict=True):
        item["gt_label"] = [int(value == 1) for value in row]
    (tmp_path / "train.json").write_text(json.dumps(content))
    assert copy.open(tmp_path / "cache").train.labels.tolist() == expected


MIXED = ["1 0 0", "", "1"]


def test_an_index_listed_twice_is_refused_with_its_line(copy, tmp_path):
    with pytest.raises(DataError, match=r"train\.txt, line 1: \[1, 0, 0\] lists a class index twice.*0 or 1 for each"):
        _ = opened(copy, MIXED, tmp_path / "cache").train


def test_the_option_decides_and_what_does_not_fit_it_is_refused(copy, tmp_path):
    with pytest.raises(DataError, match=r"line 2: \[\] is no 0 or 1 for each of the 3 classes.*labels = indices"):
        _ = opened(copy, MIXED, tmp_path / "cache", labels="one_hot").train
    with pytest.raises(DataError, match="lists a class index twice"):
        _ = opened(copy, ["1 0 1", "0 0 0", "0 1 0"], tmp_path / "cache", labels="indices").train


AMBIGUOUS = {"two classes": (2, [[0, 1], [1, 0]]), "one class": (1, [[0], [0]])}


@pytest.mark.parametrize(("classes", "rows"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_may_be_either_is_refused_unless_the_option_says_which(classes, rows):
    def read(**option: str):
        return class_indices(rows, classes, Path("train.txt"), lambda row: f"line {row + 1}", **option)

    with pytest.raises(DataError, match=r"^train.txt can be read as .* labels = indices or labels = one_hot"):
        read()
    assert read(coding="indices") == rows
    assert read(coding="one_hot") == [[c for c, value in enumerate(row) if value] for row in rows]


@pytest.mark.parametrize(("classes", "rows"), [(2, [[0, 1], [0, 0]]), (1, [[1], [0]])])
def test_two_classes_are_no_riddle_where_one_reading_is_impossible(classes, rows):
    expected = [[c for c, value in enumerate(row) if value] for row in rows]
    assert class_indices(rows, classes, Path("x"), str) == expected


def test_a_list_of_known_positives_repeats_no_index_either(tmp_path):
    (tmp_path / "list.txt").write_text("a.jpg,1 0 0\n")
    with pytest.raises(DataError, match=r"list\.txt, line 1: \[1, 0, 0\] lists a class index twice"):
        read_indices(tmp_path / "list.txt")


LINES = {
    "commas between": ("img.jpg,0,1", "img.jpg", [0, 1]),
    "a comma at the end": ("img.jpg,0,1,", "img.jpg", [0, 1]),
    "no extension": ("img,0,1", "img", [0, 1]),
    "a comma in the name": ("a,b.jpg,0 1", "a,b.jpg", [0, 1]),
    "nothing behind the name": ("a,b.jpg,", "a,b.jpg", []),
    "blanks around": ("  img.jpg , 0 ,1  ", "img.jpg", [0, 1]),
    "a tab": ("img.jpg,0\t1", "img.jpg", [0, 1]),
    "Windows": ("a\\b\\img.jpg,0", "a/b/img.jpg", [0]),
    "from here": ("./a//img.jpg,0", "a/img.jpg", [0]),
    "accents": ("Zoë.jpg,2", "Zoë.jpg", [2]),
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n\n"], ids=["LF", "CRLF", "blank lines at the end"])
@pytest.mark.parametrize(("line", "name", "indices"), LINES.values(), ids=LINES)
def test_a_line_is_an_image_and_its_numbers(line, name, indices, end, tmp_path):
    path = tmp_path / "list.txt"
    for mark in (b"", b"\xef\xbb\xbf"):  # with a BOM and without
        path.write_bytes(mark + f"{line}{end}".encode())
        assert read_indices(path) == ((name,), [indices])
