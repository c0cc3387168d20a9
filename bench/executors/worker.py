"""Worker process: takes cells from a pipe, one after the other, until the pipe is closed."""

import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

import torch

from bench.executors.attempt import attempt
from bench.records.store import Store
from bench.system.threads import limit_threads
from bench.training.images import EncodeProgress
from bench.training.resources import Resources


class ResourceOpener(Protocol):
    """What opens resources in another process: a `Location`, or one for a cluster's node."""

    def open(self, device: torch.device, progress: EncodeProgress) -> Resources: ...


def serve(pipe: Connection, location: ResourceOpener, results: Path, device: str, threads: int) -> None:
    """Answer each `cell` with ("begun",), ("epoch", record) and at last ("ended", Ended) or ("broken", exception).

    To ("epoch", record) the driver answers whether to stop. This process dies with the driver, and at once: what it
    has written so far is whole. Ctrl-C does not reach it: that is for the driver, which then ends it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that every `finally` runs
    messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, messages), daemon=True).start()
    try:
        _serve(pipe, messages, location, Store(results), torch.device(device), threads)
    except (SystemExit, BrokenPipeError):
        os._exit(0)  # a regular shutdown of the interpreter would take seconds


def _serve(
    pipe: Connection,
    messages: queue.SimpleQueue,
    location: ResourceOpener,
    store: Store,
    device: torch.device,
    threads: int,
) -> None:
    limit_threads(threads)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    resources: Resources | None = None

    def begun() -> None:
        pipe.send(("begun",))

    def tell(record: Mapping[str, Any]) -> bool:
        pipe.send(("epoch", record))
        return messages.get()

    while True:
        cell = messages.get()
        try:
            if resources is None:
                resources = location.open(device, lambda *progress: pipe.send(("encoding", *progress)))
            answer: tuple[str, Any] = ("ended", attempt(cell, store, resources, begun, tell))
        except Exception as error:
            answer = ("broken", error)
        pipe.send(answer)


def _listen(pipe: Connection, messages: queue.SimpleQueue) -> None:
    """Pass on the driver's messages; without a driver, end this process."""
    try:
        while True:
            messages.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(1)
