"""A dataset's fingerprint holds every byte of its images, and is found without reading what has not changed."""

import os
import shutil
from pathlib import Path

import pytest
from helpers.copies import COPIES, copied, listfile
from helpers.copy_files import Copy

from bench.data import manifest
from bench.data.blind import blind
from bench.errors import DataError

pytestmark = pytest.mark.slow

LONG_AGO = 1_000_000_000 * 10**9


def replace_keeping_size_and_time(path: Path) -> None:
    """Another file of as many bytes and of the same time of change: what `cp -p`, rsync and tar can leave."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def images_of(copy: Copy, cache: Path, part: str) -> list[Path]:
    dataset = copy.open(cache)
    return dataset.image_paths(part, dataset.listing(part).ids)


@pytest.mark.parametrize("writer", COPIES)
@pytest.mark.parametrize("part", ["train", "test"])
def test_any_byte_of_any_image_is_in_the_fingerprint(writer, part, tmp_path):
    copy, cache = copied(writer, tmp_path), tmp_path / "cache"
    present = {copy.open(cache).fingerprint}
    for path in images_of(copy, cache, part):
        replace_keeping_size_and_time(path)
        present.add(copy.open(cache).fingerprint)
    assert len(present) == 1 + len(getattr(copy, part))


def test_a_change_shows_by_its_time_alone(tmp_path, monkeypatch):
    """By that which no program can put back, whatever the size and the other time say."""
    monkeypatch.setattr(manifest, "SETTLED_NS", -(10**18))  # nothing is read again for being fresh
    copy, cache = copied("listfile", tmp_path), tmp_path / "cache"
    before, (path, *_) = copy.open(cache).fingerprint, images_of(copy, cache, "train")
    content, about = bytearray(path.read_bytes()), path.stat()
    content[-1] ^= 1
    while path.stat().st_ctime_ns == about.st_ctime_ns:  # the clock of a file system is coarse
        path.write_bytes(content)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert copy.open(cache).fingerprint != before


def test_copies_have_one_fingerprint_wherever_they_lie(tmp_path):
    (tmp_path / "a").mkdir()
    copy = listfile(tmp_path / "a")
    shutil.copytree(copy.root, tmp_path / "b")
    moved = Copy("listfile", tmp_path / "b", copy.classes, copy.train, copy.test)
    assert copy.open(tmp_path / "cache").fingerprint == moved.open(tmp_path / "other cache").fingerprint


@pytest.fixture
def copy(tmp_path) -> Copy:
    (tmp_path / "copy").mkdir()
    return listfile(tmp_path / "copy")


@pytest.fixture
def reads(monkeypatch) -> list[Path]:
    """The image files that are read."""
    recorded: list[Path] = []
    real = manifest.examined

    def examined(path: Path, *more: object) -> object:
        recorded.append(path)
        return real(path, *more)

    monkeypatch.setattr(manifest, "examined", examined)
    return recorded


def test_files_that_have_not_changed_are_not_read_again(copy, tmp_path, reads, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setattr(manifest, "SETTLED_NS", 0)
    before = copy.open(cache).fingerprint
    assert len(reads) == 5
    reads.clear()
    assert copy.open(cache).fingerprint == before
    assert reads == []
    path = copy.root / "images" / "a" / "2.jpg"
    path.touch()
    assert copy.open(cache).fingerprint == before
    assert reads == [path]


def test_a_file_that_was_read_right_after_its_change_is_read_again(copy, tmp_path, reads, monkeypatch):
    """It may have changed once more within the same tick of the file system's clock."""
    cache = tmp_path / "cache"
    stamp = [(1, LONG_AGO, LONG_AGO)]
    monkeypatch.setattr(manifest, "stamps_of", lambda paths: stamp * len(paths))
    for read_at, again in ((LONG_AGO + 10**9, 5), (LONG_AGO + 3 * 10**9, 0)):
        monkeypatch.setattr(manifest.time, "time_ns", lambda now=read_at: now)
        _ = copy.open(cache).fingerprint
        reads.clear()
        _ = copy.open(cache).fingerprint
        assert len(reads) == again


def test_an_image_that_changes_while_a_command_runs_is_refused(copy, tmp_path):
    dataset = copy.open(tmp_path / "cache")
    _ = dataset.fingerprint
    assert dataset.train.images[1].size == (32, 24)
    replace_keeping_size_and_time(copy.root / "images" / "a" / "2.jpg")
    with pytest.raises(DataError, match=r"2\.jpg has changed since this command began; run it again"):
        dataset.train.images[1]


def test_a_search_sees_a_change_of_the_training_images_and_none_of_the_test_images(copy, tmp_path):
    def fingerprint() -> str:
        return blind(copy.open(tmp_path / "cache")).fingerprint

    before = fingerprint()
    replace_keeping_size_and_time(copy.root / "images" / "8.jpg")
    assert fingerprint() == before
    replace_keeping_size_and_time(copy.root / "images" / "b,c.jpg")
    assert fingerprint() != before


def test_a_problem_that_passes_is_looked_for_again(copy, tmp_path, monkeypatch):
    """A disk that could not be read once is no damage of the image."""
    cache, real = tmp_path / "cache", Path.read_bytes
    monkeypatch.setattr(manifest, "SETTLED_NS", 0)

    def fails(path: Path) -> bytes:
        if path.name == "2.jpg":
            raise OSError(5, "Input/output error")
        return real(path)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_bytes", fails)
        assert "Input/output error" in copy.open(cache).unreadable_images("train")["a/2.jpg"]
    assert copy.open(cache).unreadable_images("train") == {}
