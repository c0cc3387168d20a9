"""A cell's epochs as its follower receives them: each once, even if it is sent again."""

import threading
from collections.abc import Mapping
from typing import Any

from bench.executors.base import Follow, Started


class FollowedCell:
    """The epochs that the follower of one cell has received: each once, even if it is sent again."""

    def __init__(self, follow: Follow | None, started: Started | None, turn: threading.Lock):
        self._follow, self._started, self._turn = follow, started, turn
        self._begun, self._last = False, 0
        self._problem: Exception | None = None

    def begin(self) -> None:
        if self._started and not self._begun:
            with self._turn:
                self._started()
        self._begun = True

    def epoch(self, record: Mapping[str, Any]) -> bool:
        """Pass the record on if it is new; True if the cell shall end."""
        if record["epoch"] <= self._last:
            return False
        self._last = record["epoch"]
        if self._follow is None:
            return False
        try:
            with self._turn:
                return bool(self._follow(record["epoch"], record))
        except Exception as error:
            self._problem = error  # the follower's fault is not the cell's
            return True

    def raise_problem(self) -> None:
        """What the follower raised, if it did."""
        if self._problem is not None:
            raise self._problem
