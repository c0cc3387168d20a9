"""Contract of schedulers of jobs."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol


class Scheduler(Protocol):
    """Submits jobs and lists those that are pending or running."""

    name: str
    poll_seconds: float
    folder: Path

    def submit(self, work: Callable[[], None], count: int) -> list[str]:
        """Submit as many jobs that do the same work; their names."""

    def alive(self, jobs: Collection[str]) -> Mapping[str, str] | None:
        """The states of those that are pending or running; None if that cannot be known now."""

    def end_of(self, job: str) -> str:
        """How a job that is gone ended (CANCELLED, OUT_OF_MEMORY), "" if that is not known."""

    def cancel_command(self, jobs: Collection[str]) -> str:
        """The command that ends the jobs."""
