"""Cores that this process may use."""

import os


def cores() -> int:
    """Cores that this process may use: those of its affinity where the system has one, else the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
