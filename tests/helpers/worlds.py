"""Toy methods where executors can find them: in this process, in workers, and on nodes of a cluster."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.executors.location import Location
from bench.settings.config import setting
from bench.training.images import EncodeProgress
from bench.training.resources import Resources
from helpers.toys import TOYS, Linear, ToyConfig
from methods import METHODS


@dataclass(frozen=True, kw_only=True)
class FileConfig(ToyConfig):
    file: str = setting("", "a file that the toy looks at")
    at: int = setting(1, "the epoch, from 0 on, in which it does something", ge=0)


class Suicidal(Linear):
    """Kills its process in epoch `at`, as the system does when memory runs out; once if it is given a file to write."""

    name = "toy_suicidal"
    Config = FileConfig

    def start_epoch(self, epoch: int) -> None:
        mark = Path(self.config.file) if self.config.file else None
        if epoch == self.config.at and not (mark and mark.exists()):
            if mark:
                mark.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)


class Waiting(Linear):
    """Adds a line to the file `file`.PID when epoch `at` begins, and goes on when there is a file `file`."""

    name = "toy_waiting"
    Config = FileConfig

    def start_epoch(self, epoch: int) -> None:
        if epoch == self.config.at:
            _append(Path(f"{self.config.file}.{os.getpid()}"), b"begun\n")
            end = time.monotonic() + 800
            while not Path(self.config.file).exists() and time.monotonic() < end:
                time.sleep(0.02)


def _append(path: Path, line: bytes) -> None:
    """The file gets its name with the first line in it: a process may be killed at any instant."""
    if path.exists():
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(file, line)
        os.close(file)
    else:
        half = path.with_name(f".half-{path.name}")
        half.write_bytes(line)
        half.replace(path)


MORE = {toy.name: toy for toy in (Suicidal, Waiting)}


def register() -> None:
    """Enter all toys for as long as the process lives."""
    METHODS.names()  # look for the real ones first
    METHODS._entries.update({**TOYS, **MORE})


class ToyLocation(Location):
    """A site that knows the toys."""

    def open(self, device: torch.device, progress: EncodeProgress) -> Resources:
        register()
        return super().open(device, progress)


@contextmanager
def soon(event: str, seconds: float = 600) -> Iterator[Any]:
    """`with soon("...") as until: until(condition)`: fails if the condition does not come true."""
    end = time.monotonic() + seconds

    def until(condition: Any) -> None:
        while not condition():
            assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {event}"
            time.sleep(0.02)

    yield until
