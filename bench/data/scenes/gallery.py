"""Pictures drawn once, by two processes, and kept in one memory-mapped file with its checksum beside it."""

import fcntl
import hashlib
import io
import logging
import multiprocessing
import os
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from bench.system.disk import raising_disk_errors
from bench.system.files import write_text
from bench.system.progress import Progress

from .compose import SIZE
from .source import Source

_LOG = logging.getLogger(__name__)
_CHUNK = 250
PART = ".part"
"""The ending of a file that is being drawn."""


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
    """uint8 (count, 64, 64, 3), read-only, mapped from ``file``; drawn first where it is not there, or not whole.

    The file appears under its name only when it is whole, so an interrupted run leaves nothing half-drawn. What is
    mapped is what was drawn: its SHA-256, in ``<file>.sha256``, is taken again whenever a process opens the file. A
    file of an older version, which has none, is judged by its shape alone.
    """
    problem = _problem(file, count) if file.exists() else ""
    if problem:
        _LOG.warning("%s %s; it is drawn again.", file, problem)
    if problem or not file.exists():
        with raising_disk_errors(file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
            sweep_parts(file.parent)
            _draw_into(file, source, count, workers, on_progress)
    return np.load(file, mmap_mode="r")


def _header(count: int) -> bytes:
    buffer = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": (count, SIZE, SIZE, 3)}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _problem(file: Path, count: int) -> str:
    """What is wrong with the file; "" if nothing is."""
    header, digest = _header(count), _digest_file(file)
    if file.stat().st_size != len(header) + count * SIZE * SIZE * 3:
        return f"holds {file.stat().st_size:,} bytes, which are not {count:,} pictures"
    with file.open("rb") as opened:
        if opened.read(len(header)) != header:
            return "does not begin with its header"
        opened.seek(0)
        wrong = digest.exists() and hashlib.file_digest(opened, "sha256").hexdigest() != digest.read_text().strip()
    return "does not hold the bytes that were written" if wrong else ""


def _digest_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _draw_into(file: Path, source: Source, count: int, workers: int, on_progress: Progress | None) -> None:
    header = _header(count)
    part = file.with_name(f"{file.stem}-{uuid.uuid4().hex}{PART}")
    digest, done = hashlib.sha256(header), 0
    try:
        with part.open("xb") as opened:
            with suppress(OSError):  # a disk without locks, on which `sweep_parts` removes nothing
                fcntl.flock(opened, fcntl.LOCK_EX)  # shows `sweep_parts` that a process is drawing it
            # Before the first picture is drawn, so that a full disk is reported at once.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(opened.fileno(), 0, len(header) + count * SIZE * SIZE * 3)
            opened.write(header)
            for chunk in _chunks(source, count, workers):
                digest.update(chunk.data)
                opened.write(chunk.data)
                done += len(chunk)
                if on_progress is not None:
                    on_progress(done, count)
            opened.flush()
            os.fsync(opened.fileno())
            write_text(_digest_file(file), digest.hexdigest() + "\n")
            part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def sweep_parts(folder: Path) -> None:
    """Remove what killed processes have left half-drawn; the operating system knows which of them live."""
    for part in folder.glob(f"*{PART}"):
        with suppress(OSError), part.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
