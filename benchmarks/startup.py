"""CPU time of a command from its start to its answer, where there is nothing to compute.

    python benchmarks/startup.py                  # a fabricated store of 18 cells, two minutes
    python benchmarks/startup.py --rows 2000      # and one of 2,000 rows, a minute more to make
    python benchmarks/startup.py --results DIR    # a store of your own

Each line is the median of user and system time over repeats, and their range; the first call of each command is not
counted, since it may fill a cache or write the report.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from helpers.store_factory import Grid, make_store

ANSWERS = ("--help", "ls datasets", "ls methods")
READING = ("status", "report", "run --methods trm_ml,dualcoop --ratios 0.1-0.9 --dry-run")
METHODS = ("trm_ml", "dualcoop", "asl", "bce_an", "bce_iu", "role", "hill", "splc", "focal", "wan")
RATIOS = tuple(range(10, 100, 10))


def cpu_seconds(command: list[str]) -> float:
    """User and system time of a process that ends well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(title: str, command: list[str], repeats: int) -> None:
    cpu_seconds(command)
    times = [cpu_seconds(command) for _ in range(repeats)]
    print(f"{title:75} {statistics.median(times):6.2f} s   {min(times):.2f} to {max(times):.2f}", flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    bench = [sys.executable, "-m", "bench"]
    with tempfile.TemporaryDirectory() as folder:
        stores = {"": arguments.results or make_store(Path(folder) / "18", Grid(METHODS[:2], RATIOS))[0].root}
        if arguments.rows:
            seeds = range(-(-arguments.rows // (len(METHODS) * len(RATIOS))))
            grid = Grid(METHODS, RATIOS, tuple(seeds), epochs=5)
            large, _ = make_store(Path(folder) / "large", grid)
            stores[f"  [{len(large.keys()):,} rows]"] = large.root
        show("python -c 'import torch'", [sys.executable, "-c", "import torch"], arguments.repeats)
        for words in ANSWERS:
            show(f"bench {words}", [*bench, *words.split()], arguments.repeats)
        for title, store in stores.items():
            for words in READING:
                show(f"bench {words}{title}", [*bench, *words.split(), "--results", str(store)], arguments.repeats)


if __name__ == "__main__":
    main()
