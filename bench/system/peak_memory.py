"""Peak memory of a stretch of work, in MiB."""

import resource
import sys
import threading
from pathlib import Path
from typing import Any

import torch

_PAGES = Path("/proc/self/statm")
SECONDS_APART = 0.02
"""Between two samples: a cell's large arrays live longer, and a sample costs some 20 microseconds."""


class PeakMemory:
    """`with PeakMemory(device) as memory: ...; memory.peak` -> {"process": MiB, "gpu": MiB}.

    On Linux "process" is the largest anonymous memory among samples: what the process has allocated, without mapped
    files such as features, whose pages the system can take back. Elsewhere it is the largest resident memory so far.
    """

    def __init__(self, device: torch.device):
        self.device = device
        self.peak: dict[str, float] = {}
        self._done = threading.Event()
        self._most = 0.0

    def __enter__(self) -> "PeakMemory":
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        self._done.clear()
        self._most = process_memory()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._done.set()
        self._sampler.join()
        self.peak = {"process": max(self._most, process_memory())}
        if self.device.type == "cuda":
            self.peak["gpu"] = torch.cuda.max_memory_allocated(self.device) / 2**20

    def _sample(self) -> None:
        while not self._done.wait(SECONDS_APART):
            self._most = max(self._most, process_memory())


def process_memory() -> float:
    """Anonymous memory of this process now, in MiB; where that is not available, the largest resident memory so far."""
    try:
        resident, of_files = map(int, _PAGES.read_text().split()[1:3])
    except (OSError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
    return (resident - of_files) * resource.getpagesize() / 2**20
