"""Rows of mapped features; of files that exceed memory all at once, and without what lies around them."""

import mmap

import numpy as np

from bench.system.capacity import available_memory

ADVICE: int = getattr(mmap, "MADV_WILLNEED", -1)
"""Below 0 on systems that take no advice on mapped files; there rows are read as the system likes."""

ROOM = 0.5
"""Share of the available memory up to which files are taken to stay there once they are read."""


def exceed_memory(*arrays: np.ndarray) -> bool:
    """Whether mapped arrays that are read in turns will not stay in memory."""
    return sum(array.nbytes for array in arrays if isinstance(array, np.memmap)) > ROOM * available_memory()


class RowReader:
    """`self[rows]` is a copy of `array[rows]`.

    With `request`, the pages of these rows in a mapped file are requested before any of them is touched. Without, each
    page that is not in memory costs a wait of its own, and the system reads the file around it: of shuffled rows many
    times what they take. A file that stays in memory is read once in either way, and requests take 0.1 to 0.3 ms a
    batch: they are for files that exceed it.
    """

    def __init__(self, array: np.ndarray, request: bool):
        self.array = array
        self._mapping: mmap.mmap | None = None
        if request and ADVICE >= 0 and isinstance(array, np.memmap) and array.size and array.flags.c_contiguous:
            self._mapping = array._mmap  # type: ignore[attr-defined]  # numpy has no other way to it
            self._first = array.ctypes.data - np.frombuffer(self._mapping, np.uint8).ctypes.data

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        if self._mapping is not None:
            for start, stop in page_spans(rows, self._first, self.array.strides[0], mmap.PAGESIZE):
                self._mapping.madvise(ADVICE, start, min(stop, len(self._mapping)) - start)
        return np.asarray(self.array[rows])


def page_spans(rows: np.ndarray, first: int, row_bytes: int, page: int) -> list[tuple[int, int]]:
    """Spans of bytes, whole pages, that hold `rows`; each page once. first: the byte at which row 0 begins.

    >>> page_spans(np.array([3, 0, 1]), 128, 1000, 1024)
    [(0, 5120)]
    >>> page_spans(np.array([9, 0]), 128, 1000, 1024)
    [(0, 2048), (8192, 10240)]
    """
    if not len(rows):
        return []
    begin = np.sort(rows) * row_bytes + first
    start, stop = begin // page, -(-(begin + row_bytes) // page)
    apart = np.flatnonzero(start[1:] > stop[:-1])
    starts, stops = start[np.r_[0, apart + 1]], stop[np.r_[apart, len(start) - 1]]
    return list(zip((starts * page).tolist(), (stops * page).tolist(), strict=True))
