"""The manifest of checked images: an interrupted check goes on where it was."""

from pathlib import Path

import pytest
from helpers.copies import listfile
from helpers.copy_files import Copy


@pytest.fixture
def copy(tmp_path) -> Copy:
    (tmp_path / "copy").mkdir()
    return listfile(tmp_path / "copy")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def test_an_interrupted_check_goes_on_where_it_was(copy, tmp_path, decoded, monkeypatch):
    monkeypatch.setattr("bench.data.manifest.CHUNK", 1)
    monkeypatch.setattr("bench.data.manifest.SAVE_EVERY", 1)

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy.open(tmp_path / "cache").unreadable_images("train", interrupt)
    first = len(decoded)
    assert copy.open(tmp_path / "cache").unreadable_images("train") == {}
    assert len(decoded) < first + 3


def test_a_damaged_manifest_is_made_anew(copy, tmp_path):
    assert copy.open(tmp_path / "cache").unreadable_images("train") == {}
    (kept,) = (tmp_path / "cache" / "listfile").glob("images-train-*")
    kept.write_bytes(b"PK\x03\x04 no archive")
    cut(copy.root / "images" / "a" / "2.jpg")
    assert list(copy.open(tmp_path / "cache").unreadable_images("train")) == ["a/2.jpg"]
