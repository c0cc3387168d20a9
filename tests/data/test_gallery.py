"""Drawn pictures on a bad disk: space is reserved first, damage is found and drawn again, halves are swept."""

import fcntl
import re

import numpy as np
import pytest
from helpers.disks import small_disk

from bench.data.scenes.compose import SIZE
from bench.data.scenes.gallery import pictures, sweep_parts
from bench.data.scenes.source import Benchmark
from bench.system.disk import DiskError

SOURCE = Benchmark(0, "train")


def test_a_disk_that_is_too_small_is_told_before_the_first_picture(tmp_path):
    with small_disk(tmp_path / "disk", "8m") as disk:
        with pytest.raises(DiskError, match=f"the disk of {re.escape(str(disk))}.* is full; .* make room"):
            pictures(SOURCE, 750, disk / "scenes" / "p.npy", 1, lambda *_: pytest.fail("drawn in vain"))
        assert not list((disk / "scenes").iterdir())


def test_a_disk_that_fills_up_gives_one_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.data.scenes.gallery.os.fsync", full)
    with pytest.raises(DiskError, match="is full"):
        pictures(SOURCE, 3, tmp_path / "p.npy")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("hurt", ["flip", "cut", "empty", "header"])
def test_damaged_pictures_are_drawn_again_and_told(tmp_path, hurt, caplog):
    file = tmp_path / "p.npy"
    sound = np.array(pictures(SOURCE, 4, file))
    content = bytearray(file.read_bytes())
    content[-5 if hurt == "flip" else 8] ^= 1
    file.write_bytes({"cut": content[:-100], "empty": b""}.get(hurt, bytes(content)))
    assert np.array_equal(pictures(SOURCE, 4, file), sound)
    assert str(file) in caplog.text
    assert "drawn again" in caplog.text


def test_pictures_of_an_older_version_are_judged_by_their_shape(tmp_path):
    file = tmp_path / "p.npy"
    old = np.lib.format.open_memmap(file, "w+", np.uint8, (2, SIZE, SIZE, 3))
    old[:] = 7
    old.flush()
    reused = pictures(SOURCE, 2, file, on_progress=lambda *_: pytest.fail("drawn again"))
    assert (reused == 7).all()


def test_halves_of_killed_processes_are_swept_and_those_of_living_ones_stay(tmp_path):
    dead, alive = tmp_path / "dead.part", tmp_path / "alive.part"
    dead.touch()
    with alive.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        sweep_parts(tmp_path)
        assert not dead.exists()
        assert alive.exists()
    dead.touch()
    pictures(SOURCE, 2, tmp_path / "p.npy")
    assert not list(tmp_path.glob("*.part"))
