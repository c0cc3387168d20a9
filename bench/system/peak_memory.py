"""Peak memory of a stretch of work, in MiB."""

import contextlib
import resource
import sys
from pathlib import Path
from typing import Any

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PeakMemory:
    """`with PeakMemory(device) as memory: ...; memory.peak` -> {"process": MiB, "gpu": MiB}.

    Linux can reset the high-water mark, so cells that share a process are told apart; elsewhere the process's own
    peak so far is given.
    """

    def __init__(self, device: torch.device):
        self.device = device
        self.peak: dict[str, float] = {}

    def __enter__(self) -> "PeakMemory":
        if _CLEAR.exists():
            with contextlib.suppress(OSError):
                _CLEAR.write_text("5")
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        return self

    def __exit__(self, *exc: Any) -> None:
        self.peak = {"process": _process_peak()}
        if self.device.type == "cuda":
            self.peak["gpu"] = torch.cuda.max_memory_allocated(self.device) / 2**20


def _process_peak() -> float:
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
