"""Outcome of a trial from its cells: pure functions of held-out numbers."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

TrialStatus = Literal["waiting", "running", "complete", "pruned", "failed", "replaced"]
"""replaced: it failed, and a later command made it again as another trial."""

AS_THEY_WERE, WHICH_FAILED = "the settings as they were", ", which failed"
"""Where the settings of a trial come from if no sampler proposed them; before the second stands `trial 3`."""


@dataclass(frozen=True)
class TrialRecord:
    """One trial as the store keeps it; nothing in it depends on the test split.

    settings: what was tried, as it goes into a config. value: the objective, in percent. cells: key to the percent,
    the seed and the last epoch's held-out mAP of each cell that ended. curve: the held-out mAP of the first cell after
    each epoch. failures: why earlier attempts ended. reason: why it was pruned or failed. origin: where the settings
    come from if no sampler proposed them. start, end: seconds since 1970.
    """

    number: int
    state: TrialStatus
    settings: Mapping[str, Any]
    value: float | None = None
    cells: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    curve: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    reason: str = ""
    origin: str = ""
    start: float | None = None
    end: float | None = None


def objective(heldout: Sequence[float]) -> float:
    """The mean over a trial's cells (ratios and seeds) of the last epoch's held-out mAP, in percent."""
    value = statistics.fmean(heldout)
    if not math.isfinite(value):
        raise ValueError("a trial's held-out mAP is not a number")
    return value


def best(trials: Sequence[TrialRecord]) -> TrialRecord | None:
    """The complete trial with the highest objective, the earliest of equals."""
    complete = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


def best_so_far(trials: Sequence[TrialRecord]) -> list[tuple[int, float]]:
    """(number, highest objective up to it) of the complete trials, by number."""
    line: list[tuple[int, float]] = []
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.state == "complete" and trial.value is not None:
            line.append((trial.number, max(trial.value, line[-1][1] if line else -math.inf)))
    return line
