"""A test list that no number can come from is refused before training; classes that none comes from are named."""

import json

import pytest
from helpers.copies import listfile, voc
from helpers.copy_files import Copy, index_list

from bench.data import DATASETS
from bench.errors import DataError


@pytest.fixture
def copy(tmp_path) -> Copy:
    (tmp_path / "copy").mkdir()
    return listfile(tmp_path / "copy")


def run(call, copy: Copy, *more: str):
    flags = ("--methods", "clip_zero_shot", "--ratios", "0.5", *more)
    return call("run", "--dataset", "listfile", "--root", str(copy.root), "--backbone", "tiny_clip", *flags)


def test_no_positive_in_test_is_refused_in_one_sentence_before_anything_is_made(call, copy, tmp_path):
    (copy.root / "test.txt").write_text(index_list({name: [] for name in copy.test}))
    result = run(call, copy)
    assert result.code == 2
    assert result.err == (
        "error: no test image of listfile has a label that counts, so nothing can be measured on it; "
        "give test images of which some show a class.\n"
    )
    assert not (tmp_path / "results").exists()
    prepared = call("prepare", "--dataset", "listfile", "--root", str(copy.root))
    assert prepared.code == 2
    assert "no test image of listfile has a label that counts" in prepared.out


def test_positives_that_are_left_out_of_the_metrics_do_not_count(tmp_path):
    copy = voc(tmp_path)
    for path in copy.root.rglob("*_test.txt"):
        path.write_text(path.read_text().replace(" 1", " 0"))
    copy.open(tmp_path / "cache", difficult="positive").check()
    with pytest.raises(DataError, match="no test image of voc2007 has a label that counts"):
        copy.open(tmp_path / "cache", difficult="ignore").check()


def test_classes_without_a_positive_test_image_are_named_with_their_number(call, copy):
    result = run(call, copy, "--dry-run")
    assert "warning: listfile: 1 of 3 classes has no positive test image and no part in mAP: dog.\n" in result.err
    (copy.root / "test.txt").write_text(index_list({"a/9.jpg": [2], "8.jpg": []}))
    prepared = call("prepare", "--dataset", "listfile", "--root", str(copy.root), "--json")
    details = [finding["detail"] for finding in json.loads(prepared.out)["findings"]]
    assert "2 of 3 classes have no positive test image and no part in mAP: cat, dog." in details


def test_scenes_are_not_composed_to_tell(tmp_path, monkeypatch):
    scenes = DATASETS.get("scenes")
    monkeypatch.setattr(scenes, "_split", lambda *_: pytest.fail("composed"))
    scenes(scenes.Options(), None, tmp_path).check()
