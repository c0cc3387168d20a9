"""Rows of mapped arrays: equal values in either way, and requests for their own pages alone."""

import itertools
import mmap

import numpy as np
import pytest

from bench.features import rows
from bench.features.rows import RowReader, exceed_memory, page_spans


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((40, 700)).astype(np.float32))
    return np.load(tmp_path / "a.npy", mmap_mode="r")


@pytest.mark.parametrize("chosen", [[5, 0, 39, 5], list(range(7, 20)), []])
def test_requested_rows_are_the_rows_of_the_array(mapped, chosen):
    chosen = np.array(chosen, np.int64)
    for array in (mapped, mapped[3:], mapped[:, :0], np.array(mapped)):
        read = RowReader(array, request=True)[chosen % len(array)]
        assert type(read) is np.ndarray
        assert np.array_equal(read, array[chosen % len(array)])
        assert not np.shares_memory(read, array)


def test_requests_name_the_pages_of_the_rows_and_no_others(mapped, monkeypatch):
    requests = []

    class Recording:
        def __len__(self):
            return mapped.nbytes + 128

        def madvise(self, advice, start, length):
            assert advice == mmap.MADV_WILLNEED
            requests.append((start, start + length))

    reader = RowReader(mapped[2:], request=True)
    reader._mapping = Recording()
    chosen = np.array([30, 4, 5, 37])
    reader[chosen]
    requested = {page for start, stop in requests for page in range(start // mmap.PAGESIZE, -(-stop // mmap.PAGESIZE))}
    row = mapped.strides[0]
    needed = {(128 + (r + 2) * row + byte) // mmap.PAGESIZE for r in chosen for byte in range(row)}
    assert requested == needed
    assert all(start % mmap.PAGESIZE == 0 and stop <= mapped.nbytes + 128 for start, stop in requests)


def test_each_page_is_requested_once_whatever_the_order_of_rows():
    random = np.random.default_rng(1)
    for _ in range(20):
        chosen, size = random.integers(0, 500, random.integers(1, 60)), int(random.integers(1, 3000))
        spans = page_spans(chosen, 128, size, 1024)
        assert spans == sorted(spans) == page_spans(chosen[::-1], 128, size, 1024)
        assert all(stop < start for (_, stop), (start, _) in itertools.pairwise(spans))
        pages = {page for start, stop in spans for page in range(start // 1024, stop // 1024)}
        assert pages == {
            (128 + int(r) * size + byte) // 1024 for r in chosen for byte in (*range(0, size, 512), size - 1)
        }


def test_only_mapped_files_that_exceed_memory_together_are_requested(mapped, monkeypatch):
    monkeypatch.setattr(rows, "available_memory", lambda: 3 * mapped.nbytes)
    assert not exceed_memory(mapped)
    assert exceed_memory(mapped, mapped)
    assert not exceed_memory(np.array(mapped), np.array(mapped))
