"""Features whose bytes changed since they were encoded are refused before they are read; sound ones are read once."""

import hashlib
import os

import pytest
from helpers.eye import Eye, features

from bench.errors import DataError
from bench.features import checked, entries, sweep
from bench.features.layout import Array


@pytest.fixture
def entry(tmp_path):
    features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    return entry


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """The arrays of which chunks are read to be checked."""
    read, digest = [], Array.digest

    def counting(self, start, stop):
        read.append(self.path.name)
        return digest(self, start, stop)

    monkeypatch.setattr(Array, "digest", counting)
    return read


def flip(path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["dense.npy", "pooled.npy"])
@pytest.mark.parametrize("place", [10, 300, -1])
def test_one_flipped_bit_is_refused_before_anything_is_trained(tmp_path, entry, name, place):
    flip(entry.folder / name, place)
    with pytest.raises(DataError, match=rf"{entry.folder} cannot be read .*{name[:-4]}.*bench cache rm {entry.key}"):
        features(tmp_path, Eye())


def test_a_flip_is_found_under_times_that_were_put_back(tmp_path, entry):
    path = entry.folder / "dense.npy"
    before = path.stat()
    flip(path, 300)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    with pytest.raises(DataError, match="not those that were written"):
        features(tmp_path, Eye())


def test_files_that_did_not_change_are_read_once_a_machine(tmp_path, entry, hashed, monkeypatch):
    features(tmp_path, Eye())
    assert hashed == []
    monkeypatch.setattr(checked.socket, "gethostname", lambda: "another-machine")
    features(tmp_path, Eye())
    assert set(hashed) == {"dense.npy", "pooled.npy"}
    hashed.clear()
    features(tmp_path, Eye())
    monkeypatch.undo()
    assert hashed == []


@pytest.mark.parametrize("content", ["", "[1]", "7", '{"x": []}', "\x00"])
def test_a_damaged_memory_of_checks_is_made_again(tmp_path, entry, hashed, content):
    (entry.folder / checked.CHECKED).write_text(content)
    features(tmp_path, Eye())
    assert hashed
    hashed.clear()
    features(tmp_path, Eye())
    assert not hashed


@pytest.mark.parametrize("name", ["about.json", "chunks.jsonl", "features.json", "dense.npy", "pooled.npy"])
def test_whatever_happens_to_an_entry_gives_one_sentence(tmp_path, entry, name):
    path = entry.folder / name
    content = path.read_bytes()
    noise = hashlib.shake_256(b"noise").digest(len(content))
    for hurt in (b"", content[: len(content) // 2], content[:-3], noise, b"[" * 99_999):
        path.write_bytes(hurt)
        try:
            cached = features(tmp_path, Eye())
        except DataError as error:
            result = str(error)
        else:
            assert name == "features.json", "only the marker's own content decides nothing"
            result = ""
            del cached
        assert "\n" not in result
    path.write_bytes(content)
    assert features(tmp_path, Eye()).pooled.shape[1] == 3


def test_what_a_killed_writer_left_is_swept_unless_somebody_writes(tmp_path, entry):
    left = entry.folder / f".about.json.{'a' * 32}"
    left.touch()
    held = features(tmp_path, Eye())
    sweep(tmp_path)
    assert left.exists(), "somebody holds the entry"
    del held
    sweep(tmp_path)
    assert not left.exists()
