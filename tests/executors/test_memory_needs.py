"""A method that took much memory is given room for as much before its next cell begins."""

from helpers.store_factory import Grid, finish

from bench.executors.memory_needs import MemoryNeeds
from bench.records.store import Store
from bench.system.capacity import LOW_MEMORY, WORKER_MEMORY


def test_the_largest_peak_of_a_method_counts_for_its_next_cells(tmp_path):
    store = Store(tmp_path)
    large, larger, other = Grid(methods=("sst",), percents=(10, 50)).cells() + Grid(methods=("asl",)).cells()[:1]
    estimating = MemoryNeeds(store, beyond=lambda cell: 7)
    assert [estimating.of(large, warm) for warm in (False, True)] == [WORKER_MEMORY + 7, LOW_MEMORY + 7]
    needs = MemoryNeeds(store)
    assert [needs.of(large, warm) for warm in (False, True)] == [WORKER_MEMORY, LOW_MEMORY]
    for cell, peak in ((larger, 8000.0), (large, 6000.0)):
        finish(store, cell, peak_memory={"process": peak})
        needs.learn(cell)
    assert needs.of(large, warm=False) == needs.of(large, warm=True) == int(8000 * 1.1 * 2**20)
    assert needs.of(other, warm=False) == WORKER_MEMORY
    assert MemoryNeeds(store, beyond=lambda cell: 7).of(large, warm=True) == needs.of(large, warm=True), "measured"
    assert MemoryNeeds(store).of(large, warm=True) == needs.of(large, warm=True), "from the store"
    finish(store, other, peak_memory={})
    needs.learn(other)
    assert needs.of(other, warm=True) == LOW_MEMORY
