"""A disk that fills up: one sentence says what is full and how to go on, and what is finished is kept."""

import errno
from contextlib import suppress

import pytest
from helpers.commands import TINY
from helpers.disks import small_disk
from helpers.store_factory import Grid, finish

from bench.errors import BenchError
from bench.executors.attempt import attempt
from bench.records.store import Store
from bench.system.disk import DiskError, disk_error, is_of_disk

pytestmark = pytest.mark.slow

RUN = ["run", "--methods", "clip_zero_shot", "--ratios", "0.1", *TINY]


def fill(disk) -> None:
    """Take what is left of the file system, to the last byte."""
    with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_run_on_a_full_disk_says_so_and_goes_on_when_there_is_room(call, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        result = call(*RUN, "--results", str(disk / "results"))
        assert result.code == 2
        assert "Traceback" not in result.err
        assert f"the disk of {disk}" in result.err
        assert "make room, then give the same command again" in result.err
        (disk / "filler").unlink()
        assert call(*RUN, "--results", str(disk / "results")).code == 0


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("step", ["mkdir", "lease.json", "cell.json", "scores.npz", "row.json", "error.txt"])
def test_a_cell_that_the_disk_cannot_take_has_not_failed(step, number, resources, toys, tmp_path, monkeypatch):
    from helpers.trainings import QUICK, make_cell

    import bench.system.files as files

    method = "toy_refusing" if step == "error.txt" else "toy_linear"
    cell, store, atomic = make_cell(resources, method, **QUICK), Store(tmp_path), files.atomic

    def refused(path):
        if path.name == step:
            raise OSError(number, "injected", str(path))
        return atomic(path)

    if step == "mkdir":
        monkeypatch.setattr("pathlib.Path.mkdir", lambda self, **_: refused(self.with_name("mkdir")))
    monkeypatch.setattr("bench.records.store.atomic", refused)
    monkeypatch.setattr("bench.system.files.atomic", refused)
    with pytest.raises(DiskError, match=r"is full; what is finished is kept: make room") as caught:
        attempt(cell, store, resources, lambda: None, lambda record: False)
    assert isinstance(caught.value, BenchError)
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert store.state(cell.key) == "planned"


def test_finished_cells_are_kept(tmp_path):
    first, second = Grid(methods=("asl",), percents=(10, 50), epochs=2).cells()
    with small_disk(tmp_path / "disk") as disk:
        store = Store(disk / "results")
        finish(store, first)
        fill(disk)
        with pytest.raises(OSError, match="No space left"):
            finish(store, second)
        assert store.state(first.key) == "done"
        assert store.has_scores(first.key)
        assert store.state(second.key) == "planned"


def test_a_write_that_fails_says_where(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        with pytest.raises(OSError, match="No space left") as caught:
            Store(disk).fail("0" * 16, RuntimeError("why"))
    assert "error.txt" in str(disk_error(caught.value)) or str(disk) in str(disk_error(caught.value))


def test_an_error_of_another_kind_is_none_of_the_disk(tmp_path):
    assert disk_error(ConnectionResetError(errno.ECONNRESET, "reset")) is None
    assert not is_of_disk(PermissionError(errno.EACCES, "denied", "/elsewhere/image.jpg"), tmp_path)
    assert not is_of_disk(OSError(errno.EIO, "Input/output error", "/elsewhere/image.jpg"), tmp_path)
    assert not is_of_disk(OSError(errno.EIO, "Input/output error"), tmp_path)
    for number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO):
        assert is_of_disk(OSError(number, "refused", str(tmp_path / "row.json")), tmp_path)
    assert not is_of_disk(IsADirectoryError(errno.EISDIR, "is a folder", str(tmp_path / "row.json")), tmp_path)
    assert not is_of_disk(ValueError("no"), tmp_path)
