"""What hiding labels costs at the size of COCO train2014 (82,081 x 80): time and memory of every protocol.

    python benchmarks/mask_cost.py [LABELS] [--repeats 5] [--percent 10]

LABELS is a list of full labels, a line an image: `file name, class indices` (COCO's is expected beside the checkout,
../shared/data/coco_labels/coco_train_full.txt); where it is absent, labels of the same size and density are drawn.
Each protocol runs in a process of its own. Seconds are medians over the repeats: of processor time, and by the clock,
which a busy machine stretches. MiB is how far the peak rose above what the process held before; a first call, which
is not counted, maps the libraries.
"""

import argparse
import ctypes
import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from bench.system.peak_memory import PeakMemory
from protocols import PROTOCOLS, Images, mask_facts
from protocols.dualcoop import MaskOptions, write_mask
from protocols.label_list import ListOptions, read_list

EXPECTED = Path(__file__).resolve().parents[2] / "shared" / "data" / "coco_labels" / "coco_train_full.txt"
IMAGES, CLASSES, POSITIVES = 82_081, 80, 241_035


def read(source: Path) -> tuple[tuple[str, ...], np.ndarray]:
    names, rows, columns = read_list(source)
    labels = np.full((len(names), int(columns.max()) + 1), -1, np.int8)
    labels[rows, columns] = 1
    return tuple(names), labels


def drawn() -> tuple[tuple[str, ...], np.ndarray]:
    """Labels as dense as COCO's, class k about 1/k as frequent as the first."""
    rng = np.random.default_rng(0)
    frequency = 1 / np.arange(1, CLASSES + 1)
    share = POSITIVES / IMAGES * frequency / frequency.sum()
    labels = np.where(rng.random((IMAGES, CLASSES)) < share, 1, -1).astype(np.int8)
    return tuple(f"COCO_train2014_{i:012d}.jpg" for i in rng.permutation(IMAGES)), labels


def options_for(name: str, ids: tuple[str, ...], labels: np.ndarray, percent: int, folder: Path) -> Any:
    """Files as large as the official ones: every label listed; int64 masks of three rows an image."""
    if name == "label_list":
        rows = (
            f"{image},{' '.join(map(str, np.flatnonzero(row == 1)))}\n" for image, row in zip(ids, labels, strict=True)
        )
        (folder / "list.txt").write_text("".join(rows))
        return ListOptions(file=folder / "list.txt")
    if name == "dualcoop":
        known = np.random.default_rng(0).random(labels.shape) < percent / 100
        path = write_mask(folder, known, percent, ids, area_rows=3)
        torch.save(torch.load(path, weights_only=True).long(), path)
        return MaskOptions(folder=folder)
    return None


def measure(
    send: Connection, name: str, options: Any, labels: np.ndarray, percent: int, ids: Any, repeats: int
) -> None:
    """In a process of its own: (seconds of the processor, by the clock, MiB, known share)."""
    protocol, images = PROTOCOLS.get(name)(options), Images(ids)
    at = percent if protocol.has_percent else None
    protocol.observe(labels, at, 0, images)
    ctypes.CDLL(None).malloc_trim(0)  # glibc keeps what was freed, and using it again would not count
    before = resident()
    busy, clock = [], []
    with PeakMemory(torch.device("cpu")) as memory:
        for _ in range(repeats):
            started = time.process_time(), time.perf_counter()
            observed = protocol.observe(labels, at, 0, images)
            busy.append(time.process_time() - started[0])
            clock.append(time.perf_counter() - started[1])
    seconds = statistics.median(busy), statistics.median(clock)
    send.send((*seconds, memory.peak["process"] - before, mask_facts(labels, observed).known))


def resident() -> float:
    """MiB that this process holds now."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", nargs="?", type=Path, default=EXPECTED if EXPECTED.is_file() else None)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--percent", type=int, default=10)
    flags = parser.parse_args()
    ids, labels = read(flags.labels) if flags.labels else drawn()
    source = flags.labels.name if flags.labels else "drawn labels"
    table = Table(title=f"{source}, {labels.shape[0]:,} x {labels.shape[1]}, {flags.percent} %", box=None)
    for column in ("protocol", "processor s", "clock s", "MiB", "known"):
        table.add_column(column, justify="left" if column == "protocol" else "right")
    fork = multiprocessing.get_context("fork")
    for name in PROTOCOLS.names():
        with tempfile.TemporaryDirectory() as folder:
            options = options_for(name, ids, labels, flags.percent, Path(folder))
            receive, send = fork.Pipe(duplex=False)
            work = (send, name, options, labels, flags.percent, ids, flags.repeats)
            process = fork.Process(target=measure, args=work)
            process.start()
            send.close()
            busy, clock, mebibytes, known = receive.recv()
            process.join()
        table.add_row(name, f"{busy:.3f}", f"{clock:.3f}", f"{mebibytes:.0f}", f"{known:.4f}")
    Console().print(table)


if __name__ == "__main__":
    main()
