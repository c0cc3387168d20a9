"""CPU time of a command from its start to its answer, where there is nothing to compute.

    python benchmarks/startup.py [--results DIR] [--repeats 5]

--results: a store whose cells are done, for the commands that read one. Each line is the median of user and system
time over repeats, and their range; the first call of each command is not counted, since it may fill a cache.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PLAN = "run --methods trm_ml,dualcoop --ratios 0.1-0.9 --dry-run"
COMMANDS = ("--help", "ls datasets", "ls methods", "status", "report", PLAN)


def cpu_seconds(command: list[str]) -> float:
    """User and system time of a process that ends well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as empty:
        lines = {"python -c 'import torch'": [sys.executable, "-c", "import torch"]}
        for words in COMMANDS:
            reads = words in ("status", "report")
            if reads and arguments.results is None:
                continue
            store = ["--results", str(arguments.results or empty)] if reads or words == PLAN else []
            lines[f"bench {words}"] = [sys.executable, "-m", "bench", *words.split(), *store]
        for title, command in lines.items():
            cpu_seconds(command)
            times = [cpu_seconds(command) for _ in range(arguments.repeats)]
            print(f"{title:75} {statistics.median(times):6.2f} s   {min(times):.2f} to {max(times):.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
