"""Capacity of this machine for cells that train at once: cores, GPUs, and available memory."""

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.system.cores import cores

if TYPE_CHECKING:
    import torch

WORKER_MEMORY = int(1.5 * 2**30)
"""What a worker needs beside its features, which all workers map from one file (measured on the embedded benchmark)."""

LOW_MEMORY = WORKER_MEMORY // 2
"""With less than this available, a worker that is there already gets no further cell while others train."""

_CGROUPS = Path("/sys/fs/cgroup")


def worker_count(
    requested: int, pending: int | None, device: "torch.device", threads: int = 1, memory: int = WORKER_MEMORY
) -> int:
    """How many processes train at once.

    As requested; by default as many as the cores hold with that many threads each, or one on each GPU. Never more than
    there is work for (`pending`, None: unknown) or memory available, at `memory` bytes each, but one.
    """
    if not requested and device.type == "cuda":
        import torch

        requested = torch.cuda.device_count()
    count = requested or max(1, cores() // threads)
    if pending is not None:
        count = min(count, pending)
    return max(1, min(count, available_memory() // memory))


def available_memory(groups: Path = _CGROUPS, membership: Path = Path("/proc/self/cgroup")) -> int:
    """Available bytes: of the machine, and within the limits of the containers or jobs that this process is in.

    Pages that only cache files count as available, like the system's own figure.
    """
    return min([psutil.virtual_memory().available, *_left_in_groups(groups, membership)])


def _left_in_groups(groups: Path, membership: Path) -> list[int]:
    """What each control group (version 2) from this process's own up to the root leaves."""
    try:
        own = next(line for line in membership.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return []
    folder = groups / own.removeprefix("0::").lstrip("/")
    folders = [folder, *folder.parents]
    left = []
    for group in folders[: folders.index(groups) + 1]:
        try:
            limit, used = (group / "memory.max").read_text(), int((group / "memory.current").read_text())
            inactive = next(
                int(line.split()[1])
                for line in (group / "memory.stat").read_text().splitlines()
                if line.startswith("inactive_file ")
            )
        except (OSError, ValueError, StopIteration):
            continue  # the root has no limit, and a container may not see its parents
        if limit.strip() != "max":
            left.append(max(0, int(limit) - used + inactive))
    return left
