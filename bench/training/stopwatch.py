"""The seconds of a training, over all the attempts that led to its result."""

import time


class Stopwatch:
    """Seconds since it was made, and those that earlier attempts had taken up to the checkpoint of the last of them."""

    def __init__(self) -> None:
        self.earlier = 0.0
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        return self.earlier + time.perf_counter() - self._started
