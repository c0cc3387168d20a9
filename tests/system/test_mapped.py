"""Arrays that processes share: made once, mapped, checked, and never written to by who maps them."""

import numpy as np
import pytest

from bench.system import mapped as module
from bench.system.mapped import mapped, opened

ARRAY = np.arange(60, dtype=np.int8).reshape(12, 5)


@pytest.fixture(autouse=True)
def none_is_small(monkeypatch):
    monkeypatch.setattr(module, "SMALLEST_MAPPED", 1)


def made_again():
    raise AssertionError("it is there already")


def test_a_second_process_maps_what_the_first_has_made_and_keeps_what_it_writes_to_itself(tmp_path):
    path = tmp_path / "a" / "b.npy"
    first = mapped(path, lambda: ARRAY[:, ::-1])
    assert isinstance(first.base, np.memmap)
    first[0] = 99
    second = mapped(path, made_again)
    assert np.array_equal(second, ARRAY[:, ::-1])
    assert (second.dtype, second.flags.writeable) == (np.int8, True)


@pytest.mark.parametrize("damage", ["a byte", "the end", "the digest", "the header"])
def test_what_is_damaged_is_made_again(damage, tmp_path):
    path = tmp_path / "b.npy"
    mapped(path, lambda: ARRAY)
    content = bytearray(path.read_bytes())
    if damage == "the digest":
        path.with_suffix(".json").write_text("{}")
    elif damage == "the end":
        path.write_bytes(content[:-7])
    else:
        content[-1 if damage == "a byte" else 3] ^= 1
        path.write_bytes(content)
    assert opened(path) is None
    assert np.array_equal(mapped(path, lambda: ARRAY), ARRAY)
    assert np.array_equal(mapped(path, made_again), ARRAY)


def test_bytes_are_read_once_a_state_of_the_file(tmp_path, monkeypatch):
    path, read = tmp_path / "b.npy", []
    mapped(path, lambda: ARRAY)
    digest = module._digest
    monkeypatch.setattr(module, "_digest", lambda array: (read.append(1), digest(array))[1])
    mapped(path, made_again)
    assert not read
    path.touch()
    mapped(path, made_again)
    mapped(path, made_again)
    assert len(read) == 1


def test_a_small_array_and_a_place_that_cannot_be_written_leave_no_file(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    assert mapped(tmp_path / "file" / "b.npy", lambda: ARRAY) is ARRAY
    monkeypatch.setattr(module, "SMALLEST_MAPPED", 61)
    assert mapped(tmp_path / "b.npy", lambda: ARRAY) is ARRAY
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
