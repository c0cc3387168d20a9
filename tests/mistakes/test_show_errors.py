"""`bench show --errors` through the real command line, over given scores on a tiny copy of COCO."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from helpers.copies import coco
from helpers.disks import read_only
from helpers.scored_copies import finish_scored, folder_bytes

import bench
from bench.records.store import Store
from bench.report import read_results
from bench.report.render.cell_page import cell_pages, render_cell_page

pytestmark = pytest.mark.slow

# Test images COCO_val2014_8.jpg (nothing) and COCO_val2014_2.jpg (person, airplane).
EMPTY, FULL = "COCO_val2014_8.jpg", "COCO_val2014_2.jpg"


@pytest.fixture
def world(tmp_path, call):
    """The store, the copy, and two cells: asl has person wrong, dualcoop person and airplane."""
    copy, store = coco(tmp_path / "coco"), Store(tmp_path / "results")
    asl = finish_scored(store, copy, [[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]])
    dualcoop = finish_scored(store, copy, [[2.0, 5.0, 1.0], [1.0, 3.0, 0.0]], "dualcoop")
    return store, copy, asl.key, dualcoop.key


def test_the_page_of_a_cell(world, call):
    store, copy, key, _ = world
    result = call("show", key[:10], "--errors", "--root", str(copy.root))
    assert result.code == 0, result.err
    page = store.folder(key) / "mistakes.html"
    assert result.out.splitlines()[-1] == f"page results/cells/{key}/mistakes.html"
    line = next(line for line in result.out.splitlines() if line.startswith("person"))
    assert line.split() == ["person", "1", "2", EMPTY, "1", FULL, "2"]
    html = page.read_text()
    assert html.count("data:image/jpeg;base64,") == 2, "an image is in the page once, wherever it is shown"
    assert set(re.findall(r'<use href="#(image-\d)"', html)) == set(re.findall(r'<image id="(image-\d)"', html))
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', html) == [], "nothing is loaded from anywhere"
    assert "reconstruction" not in html


def test_two_cells_side_by_side(world, call):
    _, copy, asl, dualcoop = world
    result = call("show", asl, dualcoop, "--errors", "--root", str(copy.root), "--json")
    assert result.code == 0, result.err
    record = json.loads(result.out)
    assert [cell["key"] for cell in record["cells"]] == [asl, dualcoop]
    classes = {one["name"]: one for one in record["classes"]}
    assert list(classes) == ["person", "airplane", "toothbrush"], "the most mistakes first"
    assert classes["person"]["wrong_by_all"] == {"absent": 1, "present": 1}
    assert classes["airplane"]["wrong_by_all"] == {"absent": 0, "present": 0}
    first, second = (cell["absent"] for cell in classes["airplane"]["cells"])
    assert first == [{"image": EMPTY, "score": 0.0, "rank": 2, "passed": 0, "wrong": False, "shared": False,
                      "maybe_missing": False}]  # fmt: skip
    assert (second[0]["rank"], second[0]["wrong"], second[0]["shared"]) == (1, True, False)
    html = Path(record["files"]["html"]).read_text()
    assert record["files"]["html"].endswith(f"{asl}/mistakes-with-{dualcoop}.html")
    assert (html.count("both wrong</span>"), html.count("only here</span>")) == (4, 2)


def test_without_the_photos_the_table_is_there_and_says_what_is_missing(world, call):
    store, _, key, _ = world
    result = call("show", key, "--errors", "--root", "nowhere", "--classes", "person", "--images", "1")
    assert result.code == 0, result.err
    assert EMPTY in result.out
    assert "warning: there are no thumbnails: nowhere is missing" in result.err
    html = (store.folder(key) / "mistakes-person.html").read_text()
    assert html.count("no thumbnail</div>") == 2
    assert "airplane" not in html.replace("person, airplane", "")


def test_a_colleagues_store_is_looked_at_and_not_written(world, call, tmp_path):
    store, copy, key, _ = world
    before = folder_bytes(store.root)
    with read_only(store.root):
        result = call("show", key, "--errors", "--root", str(copy.root))
        beside = call("show", key, "--errors", "--root", str(copy.root), "--out", str(tmp_path / "own"))
    assert folder_bytes(store.root) == before
    assert (result.code, beside.code) == (0, 0)
    assert EMPTY in result.out
    assert "warning: the page was not written" in result.err
    assert "give --out" in result.err
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["mistakes.html"]


def test_more_images_than_a_page_may_show_are_refused_before_any_is_read(world, call, monkeypatch):
    monkeypatch.setattr("bench.mistakes.write.IMAGE_LIMIT", 1)
    result = call("show", world[2], "--errors", "--root", "nowhere")
    assert result.code == 2
    assert "the page would show 2 images, and may show 1; give a smaller --images, or --classes." in result.err


def test_of_many_classes_those_with_most_mistakes_have_images(world, call, monkeypatch):
    monkeypatch.setattr("bench.mistakes.page.PICTURED_CLASSES", 1)
    store, copy, key, _ = world
    assert call("show", key, "--errors", "--root", str(copy.root)).code == 0
    html = (store.folder(key) / "mistakes.html").read_text()
    assert re.findall(r'<h2 id="class-(\d)"', html) == ["0"]
    assert "The first 1 classes have images below" in html


def test_unknown_labels_are_no_mistakes_and_are_counted(tmp_path, call):
    copy, store = coco(tmp_path / "coco"), Store(tmp_path / "results")
    labels = copy.labels("test").astype(np.int8)
    labels[0, 0] = 0
    key = finish_scored(store, copy, [[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]], labels=labels).key
    result = call("show", key, "--errors", "--root", str(copy.root))
    assert "1 of 6 entries are unknown and no mistakes." in result.out
    assert "1 of 6 entries" in (store.folder(key) / "mistakes.html").read_text()
    person = bench.find_mistakes(store, key, classes=["person"])
    assert person["image"].tolist() == [FULL]
    assert not person["wrong"].any()


def test_what_cannot_be_shown_is_said_in_one_sentence(world, call):
    store, _, key, _ = world
    for arguments, sentence in (
        (("--split", "train"), "a store keeps no scores of training images"),
        (("--seed", "1"), "--seed belongs to attention maps"),
        (("--device", "cpu"), "--device belongs to attention maps"),
        (("--classes", "persn"), "there is no class 'persn'; did you mean 'person'?"),
        ((key,), "both keys name cell"),
    ):
        result = call("show", key, *arguments, "--errors")
        assert result.code == 2
        assert sentence in result.err
        assert len(result.err.strip().splitlines()) == 1
    store.targets_file("d" * 64).unlink()
    assert "has lost the test labels of coco" in call("show", key, "--errors").err


def test_the_cells_page_of_a_report_links_what_is_there(tmp_path):
    from helpers.store_factory import Grid, make_store

    grid = Grid(methods=("asl",), percents=(50,), epochs=1)
    store, _ = make_store(tmp_path / "results", grid)
    (cell,) = grid.cells()

    def html():
        (page,) = cell_pages(read_results(store), store, store.root / "reports" / "x" / "cells", {})
        return page.mark, render_cell_page(page)

    before = html()
    assert f"<code>bench show {cell.key} --errors</code>" in before[1]
    (store.folder(cell.key) / "mistakes.html").write_text("x")
    after = html()
    assert after[0] != before[0], "the page is written again"
    assert f'<a href="../../../cells/{cell.key}/mistakes.html">mistakes</a>' in after[1]


def test_the_frame_of_python(world):
    store, _, asl, dualcoop = world
    frame = bench.find_mistakes(store.root, asl, dualcoop, images=1)
    assert len(frame) == 2 * (2 + 2 + 1)
    assert frame[frame["shared"]]["class"].unique().tolist() == ["person"]
    with pytest.raises(bench.UsageError, match="give at least 1"):
        bench.find_mistakes(store.root, asl, images=0)
