"""Freed blocks are used again while they are kept, and are given back afterwards."""

import ctypes
import resource
import sys

import numpy as np
import psutil
import pytest

from bench.system.heap import freed_blocks_kept

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc alone has such a heap"
)

BLOCK, PAGE = 3 * 2**24, resource.getpagesize()


def new_pages(times: int) -> int:
    """How many pages of the system so many blocks take, each freed before the next is made."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.empty(BLOCK, np.uint8)[::PAGE] = 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_block_is_made_of_the_pages_of_the_last_one():
    outside = new_pages(4)
    with freed_blocks_kept():
        new_pages(1)
        held = psutil.Process().memory_info().rss
        assert new_pages(4) < outside / 10
    assert psutil.Process().memory_info().rss < held - BLOCK / 2
    assert new_pages(4) > outside / 2
