"""A worker process as the thread that watches it sees it: started, given cells, and made sure to be gone."""

import multiprocessing
import signal
import threading
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import torch

from bench.executors.base import Ended
from bench.executors.followed import FollowedCell
from bench.executors.worker import ResourceOpener, serve
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.capacity import available_memory
from bench.system.interrupts import kept_from_children
from bench.training.images import EncodeProgress

STOP_SECONDS = 3.0
"""Seconds that a worker has to leave in order."""


class WorkerProcess:
    """A worker process as its watching thread sees it."""

    def __init__(self, number: int, location: ResourceOpener, store: Store, device: str, threads: int):
        self.number = number
        self._stopping = threading.Lock()
        context = multiprocessing.get_context("spawn")
        self.pipe: Connection
        self.pipe, other = context.Pipe()
        work = (other, location, store.root, device, threads)
        self.process: SpawnProcess = context.Process(target=serve, args=work, daemon=True, name=f"bench-{number}")
        resource_tracker.ensure_running()  # starting it later would let Ctrl-C through again
        with kept_from_children():
            self.process.start()
        other.close()  # otherwise its end would go unnoticed

    def run(self, cell: Cell, followed: FollowedCell, progress: EncodeProgress) -> Ended | None:
        """Train the cell; None if the process is lost meanwhile."""
        try:
            self.pipe.send(cell)
            while True:
                kind, *content = self.pipe.recv()
                if kind == "begun":
                    followed.begin()
                elif kind == "epoch":
                    self.pipe.send(followed.epoch(*content))
                elif kind == "encoding":
                    progress(*content)
                elif kind == "ended":
                    return content[0]
                else:
                    problem = content[0]
                    break
        except (EOFError, OSError):
            self.stop(STOP_SECONDS)
            self.pipe.close()
            return None
        raise problem  # outside the block: an OSError of the worker is not one of the pipe

    def stop(self, patience: float) -> None:
        """Make sure that the process is gone; it has `patience` seconds to leave in order. Threads take turns."""
        with self._stopping:
            self.process.join(patience)
            if self.process.is_alive():
                self.process.kill()
                self.process.join()

    @property
    def exit_reason(self) -> str:
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"its worker process was ended by signal {-code} ({signal.Signals(-code).name})"
        return f"its worker process ended with code {code}"


def exit_advice(code: int | None) -> str:
    if code == -signal.SIGKILL:
        gib = available_memory() / 2**30
        return f"the system does that when memory runs out ({gib:.1f} GiB are available now): give fewer --workers"
    return "run it with --executor inline to see where"


def worker_device(device: torch.device, number: int) -> str:
    """Of several GPUs, worker n takes the nth, and from the first again; a GPU that was named is everybody's."""
    if device.type != "cuda" or device.index is not None:
        return str(device)
    return f"cuda:{number % torch.cuda.device_count()}"
