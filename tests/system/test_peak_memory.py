"""Peak memory counts what the process allocates and no mapped file."""

import sys
import time

import numpy as np
import pytest
import torch

from bench.system.peak_memory import SECONDS_APART, PeakMemory, process_memory

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells anonymous memory")
def test_allocations_count_and_pages_of_mapped_files_do_not(tmp_path) -> None:
    written = np.lib.format.open_memmap(tmp_path / "features.npy", mode="w+", dtype=np.uint8, shape=(64 * MIB,))
    written[:] = 1
    del written
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    before = process_memory()
    with PeakMemory(torch.device("cpu")) as reading:
        assert int(np.add.reduce(mapped, dtype=np.int64)) == 64 * MIB
    with PeakMemory(torch.device("cpu")) as allocating:
        held = np.ones(96 * MIB, np.uint8)
        held[::4096].sum()
        time.sleep(5 * SECONDS_APART)
        del held
    assert reading.peak["process"] - before < 32
    assert 80 < allocating.peak["process"] - before < 160
