"""Processors and memory that running cells take, sampled while they run and kept beside their curves."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.records.names import is_key
from bench.records.paths import inside
from bench.records.reader import StoreReader
from bench.system.files import read_json_lines
from bench.tracking.runs.spec import MetricPoint

SYSTEM = "system.jsonl"

SAMPLE_NAMES = {
    "process_cpu": "system/process_cpu_utilization_percentage",
    "process_memory": "system/process_memory_usage_megabytes",
    "machine_cpu": "system/cpu_utilization_percentage",
    "machine_memory": "system/system_memory_usage_percentage",
}
"""MLflow draws what begins with `system/` on a page of its own."""


class Sampler:
    """Looks at the processes that hold a cell now. What cannot be seen (another machine, no rights) is left out."""

    def __init__(self, store: StoreReader):
        self.store = store
        self.processes: dict[int, psutil.Process] = {}

    def sample(self) -> int:
        """Add a line to the file of every running cell; how many there are."""
        running = self._running()
        machine = {"machine_cpu": psutil.cpu_percent(), "machine_memory": psutil.virtual_memory().percent}
        for folder, pid in running.items():
            try:
                process = self.processes.setdefault(pid, psutil.Process(pid))
                # The first look at a process has nothing to compare with and says 0.
                usage = {"process_cpu": process.cpu_percent(), "process_memory": process.memory_info().rss / 2**20}
                line = json.dumps({"at": round(time.time(), 1), **usage, **machine})
                with inside(folder, SYSTEM).open("a") as file:
                    file.write(line + "\n")
            except (psutil.Error, OSError):
                self.processes.pop(pid, None)
        self.processes = {pid: p for pid, p in self.processes.items() if pid in running.values()}
        return len(running)

    def _running(self) -> dict[Path, int]:
        cells = self.store.root / "cells"
        held = [path.parent for path in cells.glob("*/lease.json")] if cells.is_dir() else []
        leases = {folder: self.store.lease(folder.name) for folder in held if is_key(folder.name)}
        return {folder: lease["pid"] for folder, lease in leases.items() if lease and lease.get("process_started")}


def samples(folder: Path) -> Iterator[MetricPoint]:
    """The samples of a cell as metrics: the step counts them, the time is from the first on."""
    lines = read_json_lines(inside(folder, SYSTEM))
    for step, line in enumerate(lines):
        for name, key in SAMPLE_NAMES.items():
            if name in line:
                yield MetricPoint(key, float(line[name]), step, line["at"] - lines[0]["at"])
