"""Processes that resample cells beside this one: 3.5 CPU seconds a cell of COCO's size, and a grid has a thousand."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from bench.records.reader import StoreReader
from bench.records.store import Store
from bench.report.resampled_files import resampled_file
from bench.system.capacity import available_memory
from bench.system.cores import cores

WORTHWHILE = 20.0
"""Seconds of work that a start of some processes, of a second each, is worth."""

PROCESS_MEMORY = 2**30
"""Bytes that one of them takes at COCO's size, about."""

LOOK_SECONDS = 0.2


def share_out(store: StoreReader, keys: Sequence[str], seconds: float, progress: Callable[[int], object]) -> None:
    """Resample these cells, of `seconds` each, in processes where that is worth it; `progress` gets the number done.

    The caller resamples what a failed process has left.
    """
    count = min(cores(), len(keys), available_memory() // PROCESS_MEMORY)
    if count < 2 or seconds * len(keys) < WORTHWHILE or type(store) is not Store:
        return
    command = [sys.executable, "-m", "bench.report.resampling_worker", str(store.root.resolve())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    quiet = subprocess.DEVNULL
    running = [
        subprocess.Popen([*command, *keys[i::count]], env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
        for i in range(count)
    ]
    places = [resampled_file(store, key) for key in keys]
    try:
        while any(process.poll() is None for process in running):
            time.sleep(LOOK_SECONDS)
            progress(sum(place.exists() for place in places))
    finally:
        for process in running:
            process.terminate()
            process.wait()
