"""Bytes read from the disk, and seconds, for batches of a mapped file of features: as the system likes, and requested.

    python benchmarks/random_reads.py [--folder DIR] [--mib 800] [--rows 2048,25088,200704] [--batches 32,128]

Needs no data: a file of random bytes is written for each size of a row, in a folder on a real disk. "cold": its pages
are dropped from memory before (`posix_fadvise`, Linux), as for a file larger than memory; bytes are those that
/proc/self/io counts for this process, divided by those of the rows. "warm": the whole file is in memory. "shuffled" is
training, "in order" evaluation (batches of 250). Rows of 200,704 bytes are the tokens of RN101 at 448 pixels, 25,088
those of a 7 x 7 grid of 256 dimensions, and 2,048 a pooled vector. A row's own pages are the least that can be read.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.features.rows import RowReader
from bench.training.order import OrderedBatches, ShuffledBatches

WAYS = {"the system's": False, "requested": True}


def written(path: Path, row_bytes: int, mib: int) -> int:
    """The number of rows."""
    rows, noise = mib * 2**20 // row_bytes, np.random.default_rng(0).integers(0, 255, 2**20, np.uint8)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (rows, row_bytes))
    for start in range(0, rows, step := max(1, 2**20 // row_bytes)):
        block = array[start : start + step]
        block[:] = noise[: block.size].reshape(block.shape)
    array.flush()
    return rows


def drop(path: Path) -> None:
    """Take the file's pages out of memory."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def read_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def through(path: Path, request: bool, batches: Sequence[np.ndarray]) -> Callable[[], Iterator[int]]:
    """Reading of these batches; gives the bytes of each."""
    reader = RowReader(np.load(path, mmap_mode="r"), request)
    return lambda: (reader[batch].nbytes for batch in batches)


def cold(path: Path, request: bool, batches: Sequence[np.ndarray]) -> tuple[float, float]:
    """Bytes read for each byte of a row, and milliseconds a batch."""
    drop(path)
    run, before, began = through(path, request, batches), read_bytes(), time.perf_counter()
    needed = sum(run())
    return (read_bytes() - before) / needed, 1e3 * (time.perf_counter() - began) / len(batches)


def warm(path: Path, request: bool, batches: Sequence[np.ndarray]) -> float:
    """Milliseconds of this process a batch; the second time, when the mapping's pages are there too."""
    run = through(path, request, batches)
    sum(run())
    began = time.process_time()
    sum(run())
    return 1e3 * (time.process_time() - began) / len(batches)


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--mib", type=int, default=800)
    parser.add_argument("--rows", default="2048,25088,200704", help="bytes, several by commas")
    parser.add_argument("--batches", default="32,128", help="rows in a batch, several by commas")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print("| row, bytes | batch | pages are | read / needed | cold, ms a batch | warm, CPU ms a batch |")  # noqa: T201
    print("| --: | :-- | :-- | --: | --: | --: |")  # noqa: T201
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for row_bytes in map(int, arguments.rows.split(",")):
            path = Path(folder) / f"{row_bytes}.npy"
            rows = np.arange(written(path, row_bytes, arguments.mib))
            samplers = [(f"{size} shuffled", ShuffledBatches(rows, size, 0)) for size in sizes(arguments.batches)]
            for name, sampler in [*samplers, ("250 in order", OrderedBatches(rows, 250))]:
                # A third of the file: of the rest nothing that was read around is of use, as in a file without end.
                batches = list(sampler)[: max(1, min(30, len(sampler) // 3))]
                for way, request in WAYS.items():
                    reads, waits = zip(*(cold(path, request, batches) for _ in range(arguments.repeats)), strict=True)
                    taken = [warm(path, request, batches) for _ in range(arguments.repeats)]
                    cells = (f"{row_bytes:,}", name, way, spread(reads), spread(waits), spread(taken))
                    print(f"| {' | '.join(cells)} |", flush=True)  # noqa: T201
            path.unlink()


def sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


if __name__ == "__main__":
    main()
