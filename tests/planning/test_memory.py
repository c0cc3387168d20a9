"""What cells take of memory, by what finished ones of their method took on the same data."""

import dataclasses

from helpers.store_factory import Grid, finish

from bench.planning.memory import at_once, least_need, memory_needs
from bench.records.store import Store
from bench.system.capacity import WORKER_MEMORY

MIB = 2**20


def test_the_largest_peak_of_a_method_on_the_same_data_counts(tmp_path):
    store = Store(tmp_path)
    small, large, other = Grid(methods=("sst",), percents=(10, 50)).cells() + Grid(methods=("asl",)).cells()[:1]
    elsewhere = dataclasses.replace(large, dataset=dataclasses.replace(large.dataset, fingerprint="0" * 64))
    for cell, peak in ((small, 600.0), (large, 1000.0), (elsewhere, 9000.0)):
        finish(store, cell, peak_memory={"process": peak})
    finish(store, other, peak_memory={})
    rows = list(store.rows_of({"sst", "asl"}))
    assert len(rows) == 4
    assert {row.cell.method.name for row in store.rows_of({"sst"})} == {"sst"}
    needs = memory_needs([small, other], rows)
    assert needs == memory_needs([small, other], rows[::-1]) == {"sst": int(1100 * MIB)}
    assert least_need([small], needs) == needs["sst"]
    assert least_need([small, other], {"sst": 2 * WORKER_MEMORY}) == WORKER_MEMORY
    assert least_need([], needs) == WORKER_MEMORY


def test_methods_that_fit_on_fewer_workers_are_told():
    assert at_once({"sst": 8, "asl": 2, "role": 30}, 4, 17) == {"sst": 2, "role": 1}
    assert at_once({"sst": 8}, 2, 17) == {}
