"""Files are whole or absent, whatever happens while they are written."""

import errno
import json
import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bench.system.files import atomic, read_json, read_json_lines, write_arrays, write_json, write_text


def entries(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "row.json"
    write_text(path, "old")

    def write_half() -> None:
        with atomic(path) as file:
            file.write(b"ne")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert entries(tmp_path) == ["row.json"]


@pytest.mark.parametrize("named", [None, "/elsewhere/source.npz"])
def test_a_write_that_fails_names_its_file_unless_another_is_named(tmp_path, named):
    def fill() -> None:
        with atomic(tmp_path / "row.json"):
            raise OSError(errno.ENOSPC, "No space left on device", named)

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.filename == (named or str(tmp_path / "row.json"))


def _die_while_writing(path: Path) -> None:
    with atomic(path) as file:
        file.write(b"half")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_leaves_no_file_in_its_place(tmp_path):
    process = multiprocessing.get_context("fork").Process(target=_die_while_writing, args=(tmp_path / "row.json",))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "row.json").exists()
    assert not list(tmp_path.glob("*.json"))


def test_writers_at_once_leave_one_whole_text(tmp_path):
    path, texts = tmp_path / "deep" / "row.json", [str(i) * 5000 for i in range(10)]
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda text: write_text(path, text), texts))
    assert path.read_text() in texts
    assert entries(path.parent) == ["row.json"]


@pytest.mark.skipif(os.name == "nt", reason="permissions as on POSIX")
def test_files_are_readable_for_whom_the_users_umask_allows(tmp_path):
    """A store or cache that a group shares must not hold files for one person's eyes."""
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "shared", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o640


def test_json_reads_back_and_refuses_nan(tmp_path):
    data = {"a": [1, None, "ü"], "b": 0.1}
    write_json(tmp_path / "x.json", data)
    assert read_json(tmp_path / "x.json") == data
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert read_json(tmp_path / "x.json") == data


def test_arrays_read_back_to_the_bit(tmp_path):
    logits = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    write_arrays(tmp_path / "scores.npz", logits=logits)
    with np.load(tmp_path / "scores.npz") as arrays:
        assert arrays["logits"].dtype == np.float32
        assert arrays["logits"].tobytes() == logits.tobytes()


def test_lines_leave_out_a_last_one_that_was_cut_off(tmp_path):
    path = tmp_path / "curve.jsonl"
    assert read_json_lines(path) == []
    records = [{"epoch": 1, "text": "a\u2028b"}, {"epoch": 2}]
    path.write_text("".join(json.dumps(r) + "\n" for r in records) + '{"epoch": 3, "mA')
    assert read_json_lines(path) == records
