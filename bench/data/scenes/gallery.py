"""Pictures drawn once, by two processes, and kept in one memory-mapped file."""

import multiprocessing
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from .compose import SIZE
from .source import Source

Progress = Callable[[int, int], None]
"""Called with (pictures done, pictures in all)."""

_CHUNK = 250


def _draw(source: Source, start: int, stop: int) -> np.ndarray:
    return np.stack([source.picture(i) for i in range(start, stop)])


def _chunks(source: Source, count: int, workers: int) -> Iterator[np.ndarray]:
    edges = [(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    if workers < 2 or len(edges) < 3:  # starting processes costs more than it saves
        yield from (_draw(source, start, stop) for start, stop in edges)
        return
    # Spawned, not forked: a fork of a process that already runs torch's threads may hang.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = deque(pool.submit(_draw, source, start, stop) for start, stop in edges)
        while waiting:  # popped, so that finished chunks do not pile up in memory
            yield waiting.popleft().result()


def pictures(
    source: Source, count: int, file: Path, workers: int = 2, on_progress: Progress | None = None
) -> np.ndarray:
    """uint8 (count, 64, 64, 3), read-only, mapped from ``file``; drawn first where the file is not there.

    The file appears under its name only when it is whole, so an interrupted run leaves nothing half-drawn.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.stem}-{uuid.uuid4().hex}.part")
        try:
            whole = np.lib.format.open_memmap(part, "w+", np.uint8, (count, SIZE, SIZE, 3))
            done = 0
            for chunk in _chunks(source, count, workers):
                whole[done : done + len(chunk)] = chunk
                done += len(chunk)
                if on_progress is not None:
                    on_progress(done, count)
            whole.flush()
            del whole
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    return np.load(file, mmap_mode="r")
