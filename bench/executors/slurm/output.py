"""Lines in a job's output, each with the time."""

import sys
import time

ENCODING_SECONDS = 60.0
"""How often a job's output hears of an encoding."""


class EncodingLines:
    """Lines on an encoding in the job's output, a minute apart."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, title: str, done: int, total: int) -> None:
        if done == total or time.monotonic() > self._due:
            say_line(f"{title}: {done} of {total} images")
            self._due = time.monotonic() + ENCODING_SECONDS


def say_line(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    sys.stdout.flush()
