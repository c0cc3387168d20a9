"""Garbage collection of a short command: none while libraries are imported, and none at its end.

PyTorch and other libraries make half a million objects that stay. Python looks through them again and again while they
are imported, and once more when it ends: a third of the processor time of a plan.
"""

import atexit
import functools
import gc
from typing import Any

FIRST = 450_000
"""Objects made before the first collection: more than a plan imports, fewer than a training does."""


@functools.cache
def collect_later() -> None:
    """Put off the first collection of this process, and if it never comes, leave out that at the end."""
    usual = gc.get_threshold()

    def collect_as_usual(phase: str, info: dict[str, Any]) -> None:
        gc.set_threshold(*usual)
        gc.callbacks.remove(collect_as_usual)
        atexit.unregister(gc.freeze)  # in a long command, libraries would complain of what they find at the end

    gc.callbacks.append(collect_as_usual)
    gc.set_threshold(FIRST, *usual[1:])
    atexit.register(gc.freeze)
