"""`bench prepare` on pictures: notes on sizes and colours, and images that look alike."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.copies import listfile
from helpers.copy_files import Copy
from helpers.drawn_photos import COPIED, drawn_photo
from PIL import Image

from bench.cli import main
from bench.data.check import Examination, examine
from bench.data.image_notes import EncoderInput


@pytest.fixture
def copy(tmp_path) -> Copy:
    """Five drawn photographs: three to train, two to test."""
    (tmp_path / "copy").mkdir()
    copy = listfile(tmp_path / "copy")
    for seed, name in enumerate([*copy.train, *copy.test]):
        drawn_photo(seed).save(copy.root / "images" / name, "JPEG")
    return copy


def notes(examination: Examination, title: str) -> list[str]:
    return [one.detail for one in examination.findings if (one.level, one.title) == ("note", title)]


def examined(copy: Copy, cache: Path, side: int = 64, compare: bool = False) -> Examination:
    return examine(copy.open(cache), True, lambda *_: None, EncoderInput("tiny", side), compare)


def test_sizes_are_told_and_what_the_encoder_makes_of_them(copy, tmp_path):
    first, second, third = copy.train
    folder = copy.root / "images"
    assert notes(examined(copy, tmp_path / "cache"), "train images") == [
        "all are 160 x 120 pixels.",
        "3 images are not square and are squashed, not cropped, to the 64 x 64 pixels of tiny.",
    ]
    drawn_photo(0, (200, 50)).save(folder / first)
    drawn_photo(1, (100, 100)).save(folder / second)
    assert notes(examined(copy, tmp_path / "cache"), "train images") == [
        f"sizes from 200 x 50 ({first}) to 160 x 120 ({third}) pixels.",
        "1 image has a side below the 64 x 64 pixels of tiny and is enlarged (bicubic); "
        f"the smallest: {first} (200 x 50).",
        "2 images are not square and are squashed, not cropped, to the 64 x 64 pixels of tiny; "
        f"the longest: {first} (200 x 50), {third} (160 x 120).",
    ]


def test_colours_are_told_once_for_each_way_to_store_them(copy, tmp_path):
    first, second, third = copy.train
    for name, image in ((first, drawn_photo(0).convert("L")), (second, Image.new("RGB", (160, 120), "red"))):
        image.save(copy.root / "images" / name)
    (copy.root / "images" / third).write_bytes(b"no image")
    assert notes(examined(copy, tmp_path / "cache"), "train images")[2:] == [
        f"1 image is stored in grey, given to encoders as three equal channels: {first}.",
        f"1 image is of one even tone: {second}.",
    ]


def test_a_test_image_that_looks_like_a_training_image_is_a_warning(copy, tmp_path):
    (first, second, third), (test, _) = copy.train, copy.test
    assert "none looks like a training image" in str(examined(copy, tmp_path / "cache", compare=True).findings)
    COPIED["cropped"](drawn_photo(1)).save(copy.root / "images" / test)
    COPIED["half"](drawn_photo(0)).save(copy.root / "images" / third)
    examination = examined(copy, tmp_path / "cache", compare=True)
    (warning,) = (one.detail for one in examination.findings if "looks like" in one.detail)
    assert warning.startswith(
        "1 image looks like a training image (at most 44 of 255 bits of a perceptual hash differ): "
    )
    assert f": {test} like {second}; labels differ in " in warning
    assert f"1 pair of images looks alike: {third} and {first}; labels differ in 1 of 1 pair." in notes(
        examination, "train images"
    )
    across, within = examination.alike
    assert (across.image, across.other_image, across.across) == (second, test, True)
    labels = copy.labels("train")
    differ = [name for name, a, b in zip(copy.classes, labels[0], labels[2], strict=True) if a != b]
    assert (within.image, within.other_image, list(within.labels_that_differ)) == (first, third, differ)
    assert differ


def test_an_earlier_versions_manifest_keeps_its_hashes_and_is_decoded_again(copy, tmp_path, decoded):
    dataset = copy.open(tmp_path / "cache")
    facts = {name: one.facts for name, one in dataset.known("train", decode=True).items()}
    path = dataset.manifest("train").path
    with np.load(path) as arrays:
        old = {name: arrays[name] for name in ("ids", "times", "decoded", "digests", "notes")}
    with path.open("wb") as file:
        np.savez(file, **old)
    decoded.clear()
    assert {one.facts for one in copy.open(tmp_path / "cache").known("train").values()} == {None}
    assert decoded == []
    again = copy.open(tmp_path / "cache").known("train", decode=True)
    assert {name: one.facts for name, one in again.items()} == facts
    assert len(decoded) == 3


def call(monkeypatch, capsys, *arguments: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["bench", "prepare", *map(str, arguments)])
    with pytest.raises(SystemExit) as ending:
        main()
    return ending.value.code or 0, *capsys.readouterr()


def test_the_command_writes_the_pairs_and_names_the_file(copy, tmp_path, monkeypatch, capsys):
    drawn_photo(0).save(copy.root / "images" / next(iter(copy.test)), "JPEG")
    options = ["--dataset", "listfile", "--root", copy.root, "--cache", tmp_path / "cache"]
    file = tmp_path / "pairs.csv"
    code, out, _ = call(monkeypatch, capsys, *options, "--backbone", "tiny_clip", "--near-duplicates", file)
    assert code == 0
    assert f"1 pair is listed in {file}" in out
    assert "64 x 64 pixels of tiny_clip" in out
    (pair,) = csv.DictReader(file.open())
    assert (pair["bits"], pair["image"], pair["other_image"], pair["same_bytes"]) == (
        "0",
        *[next(iter(one)) for one in (copy.train, copy.test)],
        "True",
    )
    code, out, _ = call(monkeypatch, capsys, *options, "--set", "RN101.image_size=128", "--json")
    assert "128 x 128 pixels of RN101" in out
    assert json.loads(out)["alike"] == []
    (tmp_path / "file").touch()
    again = ["--cache", tmp_path / "other", "--near-duplicates", tmp_path / "file" / "pairs.csv"]
    code, _, error = call(monkeypatch, capsys, *options, *again)
    assert (code, (tmp_path / "other").exists()) == (2, False)  # before any image is read
    assert "/file cannot be used (" in error
    code, _, error = call(monkeypatch, capsys, *options, "--no-images", "--near-duplicates", file)
    assert (code, error) == (2, "error: --near-duplicates compares decoded images; leave out --no-images.\n")
