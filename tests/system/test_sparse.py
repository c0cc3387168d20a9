"""Labels held as lists answer what a table of them would."""

import numpy as np
import pytest

from bench.system import chunks
from bench.system.sparse import SparseLabels

TABLE = np.random.default_rng(3).choice(np.array([-1, 0, 0, 0, 1], np.int8), (11, 6))
TABLE[4] = 0


def lists(table: np.ndarray) -> SparseLabels:
    rows, columns = (order[::-1] for order in np.nonzero(table))
    return SparseLabels.of_entries(rows, columns, table[rows, columns], table.shape)


@pytest.mark.parametrize("rows", [3, 4, slice(2, 9), slice(None), np.array([7, 4, 0, 7]), TABLE[:, 0] == 1, []])
def test_rows_come_as_a_table_has_them(rows):
    rows = np.array(rows, int) if isinstance(rows, list) else rows
    assert np.array_equal(lists(TABLE)[rows], TABLE[rows])


def test_parts_and_totals_are_those_of_the_table():
    held, rows = lists(TABLE), np.array([9, 4, 2])
    left = TABLE.copy()
    left[rows] = 0
    assert np.array_equal(held.take(rows)[:], TABLE[rows])
    assert np.array_equal(held.without(rows)[:], left)
    assert not held.without(np.arange(11))[:].any()
    for value in (1, 0, -1):
        for totals in (chunks.class_totals, chunks.row_totals):
            assert np.array_equal(totals(held, value), totals(TABLE, value))
    assert np.array_equal(chunks.row_totals(TABLE, 1), (TABLE == 1).sum(axis=1))


def test_the_digest_tells_values_places_and_sizes_apart():
    flipped, moved = np.where(TABLE == 1, -1, TABLE).astype(np.int8), TABLE[:, [1, 0, 2, 3, 4, 5]]
    wider = np.pad(TABLE, ((0, 0), (0, 1)))
    tables = (TABLE, flipped, moved, wider, np.pad(TABLE, ((0, 1), (0, 0))))
    assert len({lists(table).sha256 for table in tables}) == len(tables)
    assert lists(TABLE).sha256 == lists(TABLE.copy()).sha256
