"""Executors train the cells: this process, processes of this machine, or a Ray cluster, behind one interface.

with open_executor("auto", resources, store) as executor:
    future = executor.submit(cell, follow=lambda epoch, record: record["heldout_mAP"] < 10)
    future.result().ending  # "done", "stopped", ...

A script that opens anything but "inline" does so under `if __name__ == "__main__":`, since workers import it.
"""

from bench.executors.base import Ended, Ending, Executor, Follow, LostWorkerError, Started
from bench.executors.factory import EXECUTOR_NAMES, Cluster, open_executor, refuse_wrong_use
from bench.executors.inline import Inline

__all__ = [
    "EXECUTOR_NAMES",
    "Cluster",
    "Ended",
    "Ending",
    "Executor",
    "Follow",
    "Inline",
    "LostWorkerError",
    "Started",
    "open_executor",
    "refuse_wrong_use",
]
