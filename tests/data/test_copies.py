"""No image is trained on and tested on: not by another way to write its name, nor by a link; copies are told."""

import os
import shutil

import pytest
from helpers.copies import listfile
from helpers.copy_files import Copy, index_list
from helpers.findings import warnings_of

from bench.data.check import examine
from bench.errors import DataError


@pytest.fixture
def copy(tmp_path) -> Copy:
    (tmp_path / "copy").mkdir()
    return listfile(tmp_path / "copy")


@pytest.mark.parametrize("name", ["./a/1.jpg", "a//1.jpg", "a\\1.jpg", ".\\a/./1.jpg"])
def test_another_way_to_write_a_training_images_name_is_seen_through(name, copy, tmp_path):
    (copy.root / "test.txt").write_text(index_list({**copy.test, name: [0]}))
    with pytest.raises(DataError, match=r"'a/1.jpg' in the train list of listfile is in its test list too"):
        _ = copy.open(tmp_path / "cache").test


def test_another_way_to_write_a_name_is_no_second_image(copy, tmp_path):
    (copy.root / "train.txt").write_text(index_list({**copy.train, "./a/1.jpg": [0]}))
    with pytest.raises(DataError, match=r"the image 'a/1.jpg' is listed twice in .*train.txt"):
        _ = copy.open(tmp_path / "cache").train


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_to_a_training_image_is_refused_before_training(link, copy, tmp_path):
    images = copy.root / "images"
    (images / "8.jpg").unlink()
    link(images / "a" / "1.jpg", images / "8.jpg")
    dataset = copy.open(tmp_path / "cache")
    with pytest.raises(DataError, match=r"image .*a/1.jpg and the test image .*8.jpg of listfile are one file"):
        dataset.check()
    findings = examine(dataset, images=True, progress=lambda *_: None)
    assert not findings.fine


def test_copies_of_training_images_are_told_with_count_and_names(copy, tmp_path):
    images = copy.root / "images"
    shutil.copy(images / "a" / "1.jpg", images / "8.jpg")
    dataset = copy.open(tmp_path / "cache")
    dataset.check()
    findings = examine(dataset, images=True, progress=lambda *_: None)
    assert findings.fine
    assert warnings_of(findings) == [
        "1 of 3 classes has no positive test image and no part in mAP: dog.",
        "1 test image is a copy of training images, to the byte: 8.jpg of a/1.jpg; leave out one of each.",
    ]


def test_missing_images_are_no_copies_of_each_other(copy, tmp_path):
    for name in ("a/1.jpg", "8.jpg"):
        (copy.root / "images" / name).unlink()
    copy.open(tmp_path / "cache").check_files()
    findings = examine(copy.open(tmp_path / "cache"), images=True, progress=lambda *_: None)
    assert not any(" is a copy" in finding.detail for finding in findings.findings)
