"""Peak memory counts what the process allocates and no mapped file."""

import mmap
import sys
import threading

import numpy as np
import pytest
import torch

from bench.system import peak_memory
from bench.system.peak_memory import PeakMemory, process_memory

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells anonymous memory")
def test_allocations_count_and_pages_of_mapped_files_do_not(tmp_path, monkeypatch) -> None:
    written = np.lib.format.open_memmap(tmp_path / "features.npy", mode="w+", dtype=np.uint8, shape=(64 * MIB,))
    written[:] = 1
    del written
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    before = process_memory()
    with PeakMemory(torch.device("cpu")) as reading:
        assert int(np.add.reduce(mapped, dtype=np.int64)) == 64 * MIB
    assert reading.peak["process"] - before < 32

    sampled, allocated = threading.Event(), threading.Event()

    def sample() -> float:
        new = allocated.is_set()
        memory = process_memory()
        if new:
            sampled.set()
        return memory

    monkeypatch.setattr(peak_memory, "process_memory", sample)
    before = process_memory()
    with PeakMemory(torch.device("cpu")) as allocating:
        # Pages of its own: an array may lie where the process freed memory before, which adds nothing.
        held = mmap.mmap(-1, 96 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for start in range(0, 96 * MIB, mmap.PAGESIZE):
            held[start] = 1
        allocated.set()
        assert sampled.wait(600), "nobody looks at the memory between beginning and end"
        held.close()
    assert 80 < allocating.peak["process"] - before < 160
