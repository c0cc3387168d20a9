"""Contract of executors: cells go in, endings come out, and a follower may end a cell early."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from bench.errors import BenchError
from bench.records.cells import Cell
from bench.records.rows import Row

Ending = Literal["done", "cached", "failed", "stopped", "elsewhere"]

Follow = Callable[[int, Mapping[str, Any]], bool]
"""Told of each epoch (number, curve record) of a cell in the driver's process; True: end the cell here (pruning).

A follower receives every epoch from the first on, in order and each once, also where the cell is resumed from a
checkpoint or is tried again elsewhere; none where only the last evaluation was left to do. Calls come from any thread,
one at a time for all cells of an executor.
"""

Started = Callable[[], None]
"""Told, in the same way, when the cell has been claimed and its training begins."""


class LostWorkerError(BenchError):
    """A process or node that trained a cell is gone."""


@dataclass(frozen=True)
class Ended:
    """How a cell ended.

    done: trained now. cached: found done in the store. failed: the store has the traceback. stopped: its follower ended
    it; the cell is planned again, with its curve and checkpoint kept, so that submitting it once more resumes it.
    elsewhere: another driver holds it now; submit it again later. message: `mAP 71.20`, or why it failed.
    """

    key: str
    ending: Ending
    message: str = ""

    @classmethod
    def failed(cls, key: str, error: BaseException) -> Self:
        """The ending of a cell that failed of this error."""
        return cls(key, "failed", f"{type(error).__name__}: {error}".splitlines()[0])


class Executor(Protocol):
    """Runs cells against the store that it was opened with; a context manager.

    Any failure of a cell is an ending. An exception in the future is one of the follower's, or of the executor itself.
    """

    @property
    def slots(self) -> int:
        """How many cells run at once; it may grow."""

    def submit(self, cell: Cell, follow: Follow | None = None, started: Started | None = None) -> Future[Ended]:
        """Run the cell as soon as a slot is free."""

    def close(self) -> None:
        """End everything promptly: what runs now is cut off and can go on from its last checkpoint."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def level(row: Row) -> str:
    """What is printed of a finished cell."""
    return f"mAP {row.mAP:.2f}" if row.cell.test else f"held-out mAP {row.metrics['heldout_mAP']:.2f}"
