"""`bench prepare` through the real command line: findings, roots, downloads, wrong use."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.copies import COPIES, listfile
from helpers.copy_files import Copy, index_list

from bench.cli import main
from bench.data import roots
from bench.data.download import Archive
from bench.data.listfile import ListFile

pytestmark = pytest.mark.slow

UNPINNED = ("listfile", "mmpretrain_json", "table", "openimages", "lvis", "chexpert", "coco_own", "voc_own")
"""Copies of datasets without an official list to compare with."""

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


@pytest.fixture
def call(tmp_path, monkeypatch, capsys) -> Callable[..., SimpleNamespace]:
    """`call("prepare", ...)`: the real entry point in this process, with a cache and a configuration of its own."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setattr(roots.platformdirs, "user_config_dir", lambda name: str(tmp_path / "config"))

    def run(*arguments: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        captured = capsys.readouterr()
        return SimpleNamespace(code=ending.value.code or 0, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def copy(tmp_path) -> Copy:
    (tmp_path / "copy").mkdir()
    return listfile(tmp_path / "copy")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def test_a_fine_copy_ends_with_zero_and_the_names_used(call, copy):
    result = call("prepare", "--dataset", "listfile", "--root", copy.root)
    assert result.code == 0
    assert "train: 3 images, 3 labels, 1 image without a label" in result.out
    assert "3 classes, raw names: cat, dog, hot_dog\n" in result.out
    assert "train images: all 3 can be read" in result.out
    assert "error" not in result.out
    clean = call("prepare", "--dataset", "listfile", "--root", copy.root, "--data", "listfile.names=clean")
    assert "clean names: cat, dog, hot dog" in clean.out


@pytest.mark.parametrize("writer", COPIES)
def test_a_tiny_copy_of_any_dataset_is_a_subset_and_not_an_error(writer, call, tmp_path):
    (tmp_path / "copy").mkdir()
    copy = COPIES[writer](tmp_path / "copy")
    options = [f"--data={copy.name}.{option}={value}" for option, value in copy.options.items()]
    result = call("prepare", "--dataset", copy.name, "--root", copy.root, "--json", *options)
    data = json.loads(result.out)
    own = writer in UNPINNED
    wrong_classes = ["classes"] if writer == "coco" else []  # three classes are not COCO's
    assert [f["title"] for f in data["findings"] if f["level"] == "error"] == wrong_classes
    assert result.code == (2 if wrong_classes else 0)
    assert sum("is not the official list" in f["detail"] for f in data["findings"]) == (0 if own else 2)
    assert data["parts"]["train"]["images"] == len(copy.train)
    assert data["parts"]["train"]["official"] is (None if own else False)


def test_damaged_and_missing_images_are_named_and_end_with_two(call, copy):
    cut(copy.root / "images" / "a" / "1.jpg")
    (copy.root / "images" / "8.jpg").unlink()
    result = call("prepare", "--dataset", "listfile", "--root", copy.root)
    assert result.code == 2
    assert "a/1.jpg cannot be read (" in result.out
    assert "8.jpg is missing; complete the folder" in result.out
    assert "1 of 3 images are damaged or missing" in result.out
    assert "listfile.unreadable=skip" in result.out
    result = call("prepare", "--dataset", "listfile", "--root", copy.root, "--json")
    data = json.loads(result.out)
    assert result.code == 2
    assert not data["fine"]
    assert list(data["parts"]["train"]["unreadable"]) == ["a/1.jpg"]
    assert list(data["parts"]["test"]["unreadable"]) == ["8.jpg"]
    skip = call("prepare", "--dataset", "listfile", "--root", copy.root, "--data", "listfile.unreadable=skip")
    assert skip.code == 0
    assert "runs leave them out" in skip.out


def test_images_are_decoded_once_and_again_only_when_they_changed(call, copy, decoded, tmp_path):
    def checked(*more: str) -> tuple[int, int]:
        decoded.clear()
        return call("prepare", "--dataset", "listfile", "--root", copy.root, *more).code, len(decoded)

    assert checked("--no-images") == (0, 0)
    assert checked() == (0, 5)
    assert checked() == (0, 0)
    path = copy.root / "images" / "a" / "2.jpg"
    whole = path.read_bytes()
    cut(path)
    assert checked() == (2, 1)
    assert checked() == (2, 0)
    path.write_bytes(whole)
    assert checked() == (0, 1)
    (copy.root / "images" / "new.jpg").write_bytes(whole)
    (copy.root / "train.txt").write_text(index_list({**copy.train, "new.jpg": [1]}))
    assert checked() == (0, 1)
    (tmp_path / "elsewhere").mkdir()
    other = listfile(tmp_path / "elsewhere")
    decoded.clear()
    assert call("prepare", "--dataset", "listfile", "--root", other.root).code == 0
    assert len(decoded) == 5


WRONG = {
    "another dataset": (("--dataset", "kitti"), "There is no dataset 'kitti'"),
    "one that makes its images": (("--dataset", "scenes"), "makes its own images"),
    "no root": (("--dataset", "listfile"), "BENCH_ROOT_LISTFILE"),
    "a root that is not there": (("--dataset", "listfile", "--root", "nowhere"), "nowhere is missing"),
    "an option of another": (
        ("--dataset", "listfile", "--root", ".", "--data", "coco.names=raw"),
        "only 'listfile' is",
    ),
    "an unknown option": (
        ("--dataset", "listfile", "--root", ".", "--data", "listfile.name=raw"),
        "has no option 'name'",
    ),
    "nothing to fetch": (("--dataset", "vg200", "--root", "new", "--download"), "has no archive with a stable address"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_one_sentence_and_code_two(arguments, words, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("prepare", *arguments)
    assert result.code == 2
    assert result.err.startswith("error: ")
    assert words in result.err
    assert result.err.count("\n") == 1


def test_wrong_lists_are_findings_and_code_two(call, copy):
    (copy.root / "train.txt").write_text("a/1.jpg,7\n")
    result = call("prepare", "--dataset", "listfile", "--root", copy.root)
    assert result.code == 2
    assert "class index 7 is out of range" in result.out
    assert "test images: all 2 can be read" in result.out
    (copy.root / "train.txt").write_text(index_list({"a/9.jpg": [0]}))
    result = call("prepare", "--dataset", "listfile", "--root", copy.root)
    assert result.code == 2
    assert "an image that is trained on cannot be tested on" in result.out


def test_the_root_may_stand_in_the_environment_or_the_configuration(call, copy, tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f'[roots]\nlistfile = "{copy.root}"\n')
    assert call("prepare", "--dataset", "listfile").code == 0
    monkeypatch.setenv("BENCH_ROOT_LISTFILE", str(tmp_path / "gone"))
    assert "gone is missing" in call("prepare", "--dataset", "listfile").err
    monkeypatch.setenv("BENCH_ROOT_LISTFILE", str(copy.root))
    assert call("run", "--dataset", "listfile", "--backbone", "tiny_clip", "--methods", "asl", "--dry-run").code == 0


def test_download_fetches_before_it_checks(call, copy, tmp_path, monkeypatch):
    requests = []

    def obtain(archive: Archive, root: Path, progress: Callable) -> bool:
        requests.append((archive.name, root))
        copy.root.rename(root / "inside")
        for path in (root / "inside").iterdir():
            path.rename(root / path.name)
        return True

    monkeypatch.setattr("bench.data.download.obtain", obtain)
    monkeypatch.setattr(ListFile, "archives", (Archive("http://example.invalid/all.zip", "0", "train.txt"),))
    result = call("prepare", "--dataset", "listfile", "--root", tmp_path / "new", "--download")
    assert result.code == 0
    assert requests == [("all.zip", tmp_path / "new")]
    result = call("prepare", "--dataset", "listfile", "--root", tmp_path / "new")
    assert len(requests) == 1


@pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not beside this checkout (../shared/data)")
def test_real_photos_are_read_and_said_to_be_a_subset(call):
    result = call("prepare", "--dataset", "coco", "--root", REAL / "coco256")
    assert result.code == 0
    assert "train is not the official list: 128 of 82,783 images." in result.out
    assert "train images: all 128 can be read" in result.out


def test_a_run_says_in_every_row_how_many_images_were_left_out(call, copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cut(copy.root / "images" / "a" / "2.jpg")
    run = ("run", "--dataset", "listfile", "--root", copy.root, "--backbone", "tiny_clip")
    run += ("--methods", "clip_zero_shot", "--ratios", "0.5")
    result = call(*run, "--no-mlflow", "--workers", "1")
    assert result.code == 2
    assert "a/2.jpg cannot be read" in result.err
    result = call(*run, "--no-mlflow", "--workers", "1", "--data", "listfile.unreadable=skip")
    assert result.code == 0
    assert "listfile: 2 training and 2 test images, 3 classes, raw names" in result.err
    assert "warning: 1 unreadable train images are left out." in result.err
    (row,) = (json.loads(path.read_text()) for path in (tmp_path / "results" / "cells").glob("*/row.json"))
    assert set(row["data"].pop("train_positives")) == {"cat", "dog", "hot_dog"}
    assert row["data"] == {
        "train_images": 2,
        "test_images": 2,
        "train_unreadable_skipped": 1,
        "test_unreadable_skipped": 0,
        "official_lists": True,
        "image_sizes": {"smallest": [32, 24], "median": [32, 24], "largest": [32, 24], "sampled": 2},
    }
    assert row["cell"]["dataset"]["options"]["names"] == "raw"
    marked = "miniature: the backbone was taught on drawings and has seen no photograph"
    assert row["flags"] == ["miniature"]
    assert f"warning: tiny_clip on listfile: {marked}" in result.err
    assert marked in " ".join(result.out.split())
    for suffix in ("md", "html"):
        (report,) = (tmp_path / "results" / "reports").glob(f"*/*.{suffix}")
        assert marked in report.read_text()
        assert "was taught on drawings" in report.read_text()
