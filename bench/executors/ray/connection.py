"""Connection of this process to a Ray cluster."""

import importlib
import logging
from typing import Any

from bench.errors import UsageError


def import_ray() -> Any:
    """Ray, or UsageError that says how to get it."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError(
            f"--executor ray needs Ray, which cannot be imported here ({error}); "
            "pip install '.[ray]' in a copy of the repository, or give another --executor."
        ) from None


def connect(ray: Any, address: str) -> bool:
    """Join the cluster, unless this process is connected already; returns whether it joined now."""
    if ray.is_initialized():
        return False
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address == "local":
            ray.init(address="local", include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"--address {address}: no Ray cluster can be reached from here ({first_line(error)}); start one with "
            "`ray start --head`, join one with `ray start --address HOST:PORT --num-cpus 0`, or give --address local."
        ) from None
    return True


def first_line(error: object) -> str:
    """Of an error's text, or its kind where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
