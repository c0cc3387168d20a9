"""Tables of people's own: what cells mean, what is refused as ambiguous, and how images are split."""

import numpy as np
import pandas as pd
import pytest

from bench.data import DATASETS
from bench.data.cell_values import encode, labels_of
from bench.data.check import examine
from bench.data.table_rows import cell_text
from bench.errors import DataError

TWO = ("image,cat,dog", "1.jpg,1,0", "2.jpg,,1", "3.jpg,0,")


@pytest.fixture
def opened(tmp_path):
    """Opens a table of these lines, or one that is there, with these options."""

    def make(*lines: str, **options):
        if lines:
            (tmp_path / "table.csv").write_text("\n".join(lines))
        entry = DATASETS.get("table")
        return entry(entry.Options(**options), tmp_path, tmp_path / "cache")

    return make


def whole(dataset) -> dict[str, list[int]]:
    """Labels of both parts by image, without a look at any image."""
    parts = [dataset.listing(part) for part in ("train", "test")]
    return {name: row.tolist() for part in parts for name, row in zip(part.ids, part.labels, strict=True)}


def read(rows: list[list[str]], **meaning: str) -> list[list[int]]:
    columns = [str(i) for i in range(len(rows[0]))]
    places = np.array([list(encode(row, columns, "here")) for row in rows], np.uint8)
    return labels_of(places, meaning.get("cells", "auto"), meaning.get("empty", "auto"), "table.csv").tolist()


def test_cells_mean_what_the_option_says():
    assert read([["1", "0", ""], ["True", "no", "NA"]]) == [[1, -1, 0], [1, -1, 0]]
    assert read([["1", "-1", "0", ""]], cells="signed") == [[1, -1, 0, 0]]
    assert read([["1.0", "-1.0", "0.0", ""]], cells="uncertain") == [[1, 0, -1, 0]]
    assert read([["1", ""]], empty="absent") == [[1, -1]]
    assert read([["1", ""]], empty="unknown") == [[1, 0]]
    assert read([["1", "1"]]) == [[1, 1]]


@pytest.mark.parametrize(
    ("cells", "meaning", "words"),
    [
        ([["1", "-1"]], {}, "holds -1, which can mean absent .* or uncertain .*cells=signed or table.cells=uncertain"),
        ([["1", "-1"]], {"cells": "plain"}, "give signed or uncertain"),
        ([["1", ""]], {}, "an empty one can mean absent or unknown; .*empty=absent or table.empty=unknown"),
        ([["1", "0", "0"], ["1", "", "0"]], {"cells": "signed"}, "can mean absent or unknown"),
        ([["1", "maybe"]], {}, "cell of '1' is 'maybe'.* name it in table.ignore"),
    ],
)
def test_what_could_mean_two_things_is_refused_with_what_to_give(cells, meaning, words):
    with pytest.raises(DataError, match=words):
        read(cells, **meaning)


def test_values_of_other_formats_are_as_csv_would_have_them():
    assert [cell_text(v) for v in (None, np.nan, 1, 0.0, -1.0, True, "x")] == ["", "", "1", "0", "-1", "true", "x"]


def test_parquet_and_csv_say_the_same(opened, tmp_path):
    frame = pd.DataFrame({"image": ["1.jpg", "2.jpg", "3.jpg"], "cat": [1.0, None, 0.0], "dog": [False, True, None]})
    frame.to_parquet(tmp_path / "own.parquet")
    expected = {"1.jpg": [1, -1], "2.jpg": [0, 1], "3.jpg": [-1, 0]}
    options = {"test_share": 40, "split_seed": 5}
    assert whole(opened(file="own.parquet", **options)) == expected
    assert whole(opened(*TWO, **options)) == expected


def test_a_column_of_names_needs_its_separator_and_what_is_left_out_means(opened):
    lines = ("file;shows", "1;cat|dog", "2;", "3;hot dog", "4;dog")
    given = {"delimiter": ";", "labels": "shows", "ending": ".jpg", "split_seed": 5, "test_share": 50}
    with pytest.raises(DataError, match=r"table\.separator"):
        opened(*lines, **given).listing("train")
    with pytest.raises(DataError, match="absent or unknown"):
        opened(*lines, **given, separator="|").listing("train")
    dataset = opened(*lines, **given, separator="|", empty="absent")
    assert dataset.listing("train").classes == ("cat", "dog", "hot dog")
    assert whole(dataset) == {"1.jpg": [1, 1, -1], "2.jpg": [-1, -1, -1], "3.jpg": [-1, -1, 1], "4.jpg": [-1, 1, -1]}
    assert whole(opened(*lines, **given, separator="|", empty="unknown"))["4.jpg"] == [0, 1, 0]


def test_one_hot_lists_as_hashnet_has_them(opened, tmp_path):
    (tmp_path / "database.txt").write_text("images/a b.jpg 0 1 0\nimages/2.jpg 1 0 0\n")
    (tmp_path / "test.txt").write_text("images/9.jpg 0 0 1\n")
    (tmp_path / "names.txt").write_text("cat\ndog\nhot dog\n")
    dataset = opened(file="database.txt", test="test.txt", format="one_hot", classes="names.txt")
    assert whole(dataset) == {"images/a b.jpg": [-1, 1, -1], "images/2.jpg": [1, -1, -1], "images/9.jpg": [-1, -1, 1]}
    (tmp_path / "test.txt").write_text("images/9.jpg 0 1\n")
    with pytest.raises(DataError, match=r"test\.txt, line 1: .* is no image and 3 values"):
        opened(file="database.txt", test="test.txt", format="one_hot", classes="names.txt").listing("test")


def test_a_second_table_may_have_its_columns_in_another_order(opened, tmp_path):
    (tmp_path / "test.csv").write_text("image,note,dog,cat\n9.jpg,x,1,0\n")
    assert whole(opened(*TWO, test="test.csv"))["9.jpg"] == [-1, 1]
    (tmp_path / "test.csv").write_text("image,dog\n9.jpg,1\n")
    with pytest.raises(DataError, match=r"test\.csv has no column 'cat'"):
        opened(*TWO, test="test.csv").listing("test")


def test_the_split_column_counts_in_both_tables_where_both_have_it(opened, tmp_path):
    lines = ("image,part,cat,dog", "1.jpg,train,1,0", "2.jpg,val,0,1", "3.jpg,test,1,1")
    (tmp_path / "test.csv").write_text("image,cat,dog\n9.jpg,1,0\n8.jpg,0,0\n")
    assert set(whole(opened(*lines, split="part", test="test.csv"))) == {"1.jpg", "9.jpg", "8.jpg"}
    (tmp_path / "test.csv").write_text("image,part,cat,dog\n9.jpg,test,1,0\n8.jpg,val,0,0\n")
    assert set(whole(opened(*lines, split="part", test="test.csv"))) == {"1.jpg", "9.jpg"}
    with pytest.raises(DataError, match=r"table\.csv has no column 'parts'"):
        opened(*lines, split="parts", test="test.csv").listing("train")


def test_a_file_of_classes_chooses_columns_and_their_order(opened, tmp_path):
    (tmp_path / "names.txt").write_text("dog\n")
    dataset = opened("image,who,cat,dog", "1.jpg,anna,1,0", "2.jpg,bert,0,1", classes="names.txt", test_share=1)
    listing = dataset.listing("train")
    assert (listing.classes, listing.labels.tolist()) == (("dog",), [[-1], [1]])


def test_a_draw_of_ones_own_keeps_each_image_in_its_part_when_others_come(opened):
    rows = [f"{i}.jpg,{i % 2},1" for i in range(400)]
    before = set(opened("photo,cat,dog", *rows[:300], test_share=25).listing("test").ids)
    many = opened("photo,cat,dog", *rows, test_share=25)
    after = set(many.listing("test").ids)
    assert before < after
    assert len(after) == pytest.approx(100, abs=25)
    assert not after & set(many.listing("train").ids)
    other = opened("photo,cat,dog", *rows, test_share=25, split_seed=1)
    assert set(other.listing("test").ids) != after


WRONG = {
    "no such column": (TWO, {"image": "path"}, "no column 'path'; its columns are image, cat, dog"),
    "two of one name": (("image,cat,cat", "1.jpg,1,0"), {}, "two columns 'cat'"),
    "a short line": (("image,cat,dog", "1.jpg,1"), {}, "line 2: 2 cells, but the first line names 3"),
    "no file": ((), {"file": "none.csv"}, "none.csv is missing.*the table .table.csv, or what table.file names"),
    "an empty file": (("",), {}, "is empty"),
    "another delimiter": (("image;cat;dog", "1.jpg;1;0"), {}, "no column of a class.*delimiter"),
    "no test image": (TWO, {"split": "image"}, "no train image; no cell of 'image' is 'train'"),
    "twice": ((*TWO, "2.jpg,0,0"), {"test_share": 1}, "'2.jpg' is listed twice"),
    "a path that leaves": (("image,cat", "../1.jpg,1", "2.jpg,0"), {"test_share": 1}, "must lie inside"),
    "no path": (("image,cat", ",1", "2.jpg,0"), {"test_share": 1}, "name of image 1"),
}


@pytest.mark.parametrize(("lines", "options", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_table_is_one_sentence(opened, lines, options, words):
    with pytest.raises(DataError, match=words):
        opened(*lines, **options).listing("train")


def test_what_is_wrong_with_the_table_of_both_parts_is_reported_once(opened):
    examination = examine(opened("image,split,cat", "a.jpg,train,1", "b.jpg,test,maybe"), False, lambda *_: None)
    assert [finding.title for finding in examination.findings if finding.level == "error"] == ["train"]
