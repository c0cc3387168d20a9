"""Warnings of files that are left out, each given once."""

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.errors import DataError

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


@functools.cache
def warn_once(text: str) -> None:
    """A warning that is not repeated by this process."""
    _LOG.warning("%s", text)


def read_or_warn(read: Callable[[Path], _T], path: Path) -> _T | None:
    """What `read` makes of the file; None, and a warning that names it, where it cannot be used."""
    try:
        return read(path)
    except DataError as error:
        warn_once(f"left out: {error}")
    except OSError as error:
        warn_once(f"left out: {path} cannot be read ({error.strerror}).")
    return None
