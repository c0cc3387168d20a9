"""Encoding that stops half-way: kept chunks count only where they are sound, and nothing counts without its marker."""

import shutil

import numpy as np
import pytest
from helpers.eye import COUNT, Eye, expected, features, split

from bench.errors import DataError
from bench.features import (
    ENCODE_BATCH,
    entries,
    verify,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("done", [0, ENCODE_BATCH])
def test_an_interrupted_encoding_never_counts_but_its_chunks_are_kept(tmp_path, done):
    with pytest.raises(KeyboardInterrupt):
        features(tmp_path, Eye(fail_at=done))
    [entry] = entries(tmp_path)
    assert not entry.complete
    assert entry.images_done == done
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == COUNT - done
    assert verify(entry) == ("sound", [])


@pytest.mark.parametrize("array", ["dense", "pooled"])
@pytest.mark.parametrize("where", ["first chunk", "header", "journal", "behind"])
def test_a_kept_chunk_counts_only_if_it_is_sound(tmp_path, array, where):
    """As after a power cut: what the system had not written yet is encoded again, and the result is the same."""
    whole = features(tmp_path / "whole", Eye(), split(3 * ENCODE_BATCH))
    with pytest.raises(KeyboardInterrupt):
        features(tmp_path, Eye(fail_at=2 * ENCODE_BATCH), split(3 * ENCODE_BATCH))
    [entry] = entries(tmp_path)
    path = entry.folder / f"{array}.npy"
    content = bytearray(path.read_bytes())
    kept = 0
    match where:
        case "first chunk":
            content[entry.shape.arrays(entry.folder)[array].bytes_until(5)] ^= 1
        case "header":
            content[40] ^= 1
        case "journal":
            journal = entry.folder / "chunks.jsonl"
            journal.write_bytes(journal.read_bytes()[:-9])
            kept = 1
        case "behind":
            content += b"half a chunk"
            kept = 2
    path.write_bytes(content)
    again = Eye()
    cached = features(tmp_path, again, split(3 * ENCODE_BATCH))
    assert again.encoded == (3 - kept) * ENCODE_BATCH
    assert np.array_equal(cached.dense, whole.dense)
    assert np.array_equal(cached.pooled, whole.pooled)
    assert verify(entry) == ("sound", [])


@pytest.mark.parametrize("lost", [0, 5])
def test_arrays_without_the_marker_never_count(tmp_path, lost):
    """Killed between the last array and the marker; then with the end of the last chunk lost, too."""
    features(tmp_path, Eye())
    [entry] = entries(tmp_path)
    (entry.folder / "features.json").unlink()
    with (entry.folder / "pooled.npy").open("r+b") as file:
        file.truncate(file.seek(0, 2) - lost)
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == (COUNT - ENCODE_BATCH if lost else 0)
    assert verify(entry) == ("sound", [])


def test_a_disk_with_too_little_room_is_refused_before_the_first_image(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2**26))
    eye = Eye()
    with pytest.raises(DataError, match=r"need 0\.0 MiB more, but 64\.0 MiB are free .*--cache") as caught:
        features(tmp_path, eye)
    assert "\n" not in str(caught.value)
    assert eye.encoded == 0


def test_a_disk_that_fills_up_keeps_what_was_encoded(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.features.writer.UNSYNCED_BYTES", 0)
    written = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 5:  # two descriptions, then dense, pooled and journal of the first chunk
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.features.writer.os.fsync", full)
    with pytest.raises(DataError, match=r"is full; make room and run again"):
        features(tmp_path, Eye())
    monkeypatch.undo()
    again = Eye()
    assert features(tmp_path, again).pooled == pytest.approx(expected() / 3, abs=1e-6)
    assert again.encoded == COUNT - ENCODE_BATCH
