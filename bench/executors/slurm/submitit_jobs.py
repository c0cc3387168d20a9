"""Jobs by way of submitit."""

import importlib
import logging
from collections.abc import Callable
from typing import Any

from bench.errors import UsageError

SIGNAL_SECONDS = 90
"""How long before the end of its time a job is warned."""

MANY = 10**6
"""How often a job may come to the end of its time: what it trains says when that leads nowhere."""


def import_submitit() -> Any:
    """The library that submits jobs, or UsageError that says how to get it."""
    try:
        submitit = importlib.import_module("submitit")
    except ImportError as error:
        raise UsageError(
            f"--executor slurm needs submitit, which cannot be imported here ({error}); "
            "pip install '.[slurm]' in a copy of the repository, or give another --executor."
        ) from None
    logging.getLogger("submitit").setLevel(logging.WARNING)
    return submitit


def signal_delay(minutes: int) -> int:
    """Seconds before the end of its time at which a job is warned, a fifth of it at most."""
    return min(SIGNAL_SECONDS, minutes * 60 // 5)


def submitted(executor: Any, work: Callable[[], None], count: int) -> list[str]:
    with executor.batch():
        jobs = [executor.submit(work) for _ in range(count)]
    return [str(job.job_id) for job in jobs]
