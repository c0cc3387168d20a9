"""Waiting for the process that writes to MLflow: as long as it works, and not when it is silent."""

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Callable

from bench.tracking.database.reachable import TrackingError

SILENCE_SECONDS = 10.0
"""Seconds for which a process that neither works nor ends is waited for."""

NOTICE_SECONDS = 2.0
"""Seconds after which a line says what is being waited for."""

BEAT = b"\0"
"""What the process writes now and then while it works."""


def last_words(
    process: subprocess.Popen, database: str, command: str, tell: Callable[[str], object], longest: float
) -> str:
    """What the process says until it ends; TrackingError if it does not.

    database: what is waited for, in words. command: what brings it up to date later.
    """
    assert process.stdout is not None
    began = last_output = time.monotonic()
    line, warned, pipe = b"", False, process.stdout.fileno()
    while True:
        if select.select([pipe], [], [], 0.2)[0]:
            words = os.read(pipe, 4096)
            if not words:
                break
            line, last_output = line + words.replace(BEAT, b""), time.monotonic()
        now = time.monotonic()
        if now - last_output > SILENCE_SECONDS:
            raise TrackingError(
                f"{database[0].upper()}{database[1:]} has not answered for {SILENCE_SECONDS:.0f} s; the results are "
                f"safe in the store: check it, then run `{command}`."
            )
        if now - began > longest:
            raise TrackingError(f"MLflow was not done within {longest:.0f} s; run `bench sync` to bring it up to date.")
        if now - began > NOTICE_SECONDS and not warned:
            warned = True
            tell(f"waiting for {database} ...")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(NOTICE_SECONDS)
    return line.decode(errors="replace").strip()
